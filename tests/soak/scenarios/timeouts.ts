/**
 * A reader gives up waiting again and again, by a timeout or a signal, while bytes arrive. It loses
 * none of them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { openConnection, startServer, type StreamReader } from "@sluice/net";
import { numberedBytes, NumberedBytesCheck } from "../numbered_bytes.ts";
import { pause, type Scenario } from "../scenario.ts";

const LENGTH = 5000;

/** Reads in one of many ways, for a short time. */
async function readSome(reader: StreamReader): Promise<Uint8Array> {
  const timeout = 0.1 + Math.random() * 30;
  const n = 1 + Math.floor(Math.random() * 300);
  const limits = Math.random() < 0.5 ? { timeout } : { signal: AbortSignal.timeout(timeout) };
  switch (Math.floor(Math.random() * 4)) {
    case 0:
      return await reader.readexactly(Math.min(n, 50), limits);
    case 1:
      return await reader.readuntil(Uint8Array.of(0), limits);
    case 2:
      await reader.peek(n, limits);
      return await reader.read(n, limits);
    default:
      return await reader.read(n, limits);
  }
}

/** The scenarios. */
export const timeouts: readonly Scenario[] = [{
  name: "a read that times out or is aborted loses no byte",
  runs: 60,
  options: { latency: [0.5, 40], loss: 0.01, segmentSize: [1, 400] },
  async main(world): Promise<void> {
    world.host("server", async () => {
      await using server = await startServer(async ({ writer }) => {
        for (let sent = 0; sent < LENGTH;) {
          const length = Math.min(LENGTH - sent, 1 + Math.floor(Math.random() * 200));
          writer.write(numberedBytes(3, sent, length));
          sent += length;
          await writer.drain();
          await pause(Math.random() * 20);
        }
      }, { hostname: "0.0.0.0", port: 7 });
      await server.serveForever();
    });
    const check = new NumberedBytesCheck(3);
    await world.client("client", async () => {
      await using connection = await openConnection({ hostname: "server", port: 7 });
      const { reader } = connection;
      while (!reader.atEof()) {
        try {
          check.add(await readSome(reader));
        } catch (error) {
          const { name } = error as Error;
          if (name === "TimeoutError") continue;
          // The end came before the separator, or before so many bytes: the rest is with the error.
          assertEquals(name, "IncompleteReadError");
          check.add((error as { partial: Uint8Array }).partial);
        }
      }
    });
    assertEquals(check.received, LENGTH);
  },
}];
