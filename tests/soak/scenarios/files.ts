/**
 * Ranges of files are sent between other writes, and given up at times. What arrives is the
 * beginning
 * of what was to be sent, and no write gets in between.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  IncompleteSendError,
  InvalidStateError,
  openConnection,
  startServer,
  type StreamConnection,
  type StreamWriter,
} from "@sluice/net";
import { memoryFile } from "../memory_file.ts";
import { numberedBytes, NumberedBytesCheck } from "../numbered_bytes.ts";
import { failOnAssertion, type Scenario } from "../scenario.ts";
import { decode } from "../../support/text.ts";

const LENGTH = 300_000;
const SEED = 21;
const ENDPOINT = { port: 7, resetOnAbort: true, onError: failOnAssertion };

/** A whole number from 1 to a limit. */
function random(limit: number): number {
  return 1 + Math.floor(Math.random() * limit);
}

/** Whether a write is refused; if it is dropped, as the connection is gone, it is not. */
function refusesWrites(writer: StreamWriter): boolean {
  try {
    writer.write("in between");
    return false;
  } catch (error) {
    assertInstanceOf(error, InvalidStateError);
    return true;
  }
}

/** Sends a range of the stream by a file; gives how many bytes of it were handed over. */
async function sendRange(
  { writer }: StreamConnection,
  offset: number,
  count: number,
): Promise<number> {
  const isShort = Math.random() < 0.1;
  const readable = isShort ? offset + random(count) - 1 : LENGTH;
  let handed = 0;
  const sending = writer.sendFile(memoryFile(SEED, LENGTH, readable), {
    offset,
    count,
    onProgress: (sent) => handed = sent,
    ...(Math.random() < 0.3 && { timeout: random(100) }),
  });
  const isRefused = refusesWrites(writer);
  try {
    assertEquals(await sending, count);
    assertEquals([handed, isRefused], [count, true]);
  } catch (error) {
    const { name } = error as Error;
    if (error instanceof IncompleteSendError) assert(isShort, "the file was whole");
    else if (name !== "TimeoutError") throw error;
  }
  return handed;
}

async function sendAll(connection: StreamConnection): Promise<void> {
  const { writer } = connection;
  for (let sent = 0; sent < LENGTH;) {
    const count = Math.min(LENGTH - sent, random(150_000));
    if (Math.random() < 0.7) sent += await sendRange(connection, sent, count);
    else {
      const few = Math.min(count, random(3000));
      writer.write(numberedBytes(SEED, sent, few));
      sent += few;
    }
  }
  writer.writeEof();
  await writer.flush();
}

function scenario(name: string, runs: number, hasChaos: boolean): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [0.5, 20],
      loss: 0.002,
      segmentSize: [200, 1460],
      chaos: hasChaos && { interval: 100, duration: 3000, until: 1500 },
    },
    async main(world): Promise<void> {
      const check = new NumberedBytesCheck(SEED);
      world.host("server", async () => {
        await using server = await startServer(async ({ reader, writer }) => {
          while (!reader.atEof()) check.add(await reader.read(random(20_000)));
          assertEquals(check.received, LENGTH);
          writer.write("all");
        }, { ...ENDPOINT, hostname: "0.0.0.0" });
        await server.serveForever();
      });
      await world.client("client", async () => {
        try {
          await using connection = await openConnection({ ...ENDPOINT, hostname: "server" });
          try {
            await sendAll(connection);
            const answer = await connection.reader.read(-1, { timeout: 600_000 });
            assertEquals(decode(answer), "all");
          } catch (error) {
            connection.transport.abort();
            throw error;
          }
        } catch (error) {
          if (!hasChaos) throw error;
          failOnAssertion(error);
        }
      });
      if (!hasChaos) assertEquals(check.received, LENGTH);
    },
  };
}

/** The scenarios. */
export const files: readonly Scenario[] = [
  scenario("sendFile() passes ranges on between other writes", 20, false),
  scenario("sendFile() passes on nothing wrong over a bad network", 40, true),
];
