/**
 * TLS, compression and other layers over a bad network: what arrives is the beginning of what was
 * sent, and an end in good order comes after everything.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { idleTimeout, openConnection, startServer, type StreamConnection } from "@sluice/net";
import { compression, counters, throttle } from "@sluice/net/layers";
import type { LayerFactory } from "@sluice/net/transports";
import { localhost } from "../../support/certificates/certificates.ts";
import { numberedBytes, NumberedBytesCheck } from "../numbered_bytes.ts";
import { failOnAssertion, type Scenario } from "../scenario.ts";

const LENGTH = 40_000;

/** Makes a stack of layers anew for each side. */
type Stack = () => LayerFactory[];

function scenario(
  name: string,
  runs: number,
  stack: Stack,
  { hasTls = false, hasChaos = true } = {},
): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [0.5, 20],
      loss: 0.005,
      segmentSize: [100, 1460],
      chaos: hasChaos &&
        {
          kinds: ["partition", "reset", "stall", "hold", "slow"],
          interval: 40,
          duration: 3000,
          until: 1000,
        },
    },
    async main(world): Promise<void> {
      const there = new NumberedBytesCheck(5);
      const back = new NumberedBytesCheck(6);
      let isAnswered = false;
      const ended = Promise.withResolvers<void>();
      const receive = async (
        { reader }: StreamConnection,
        check: NumberedBytesCheck,
      ): Promise<void> => {
        for await (const chunk of reader.readable) check.add(chunk);
        assertEquals(check.received, LENGTH);
      };
      const send = async ({ writer }: StreamConnection, seed: number): Promise<void> => {
        for (let sent = 0; sent < LENGTH; sent += 4000) {
          writer.write(numberedBytes(seed, sent, 4000));
          await writer.drain();
        }
        if (writer.canWriteEof()) writer.writeEof();
        else await writer.flush();
      };
      world.host("server", async () => {
        await using server = await startServer(async (connection) => {
          await receive(connection, there);
          await send(connection, 6);
          await connection.close();
          ended.resolve();
        }, {
          hostname: "0.0.0.0",
          port: 7,
          layers: stack(),
          resetOnAbort: true,
          ...(hasTls && { tls: localhost }),
          onError: failOnAssertion,
        });
        await server.serveForever();
      });
      await world.client("client", async () => {
        try {
          await using connection = await openConnection({
            hostname: "server",
            port: 7,
            layers: stack(),
            resetOnAbort: true,
            ...(hasTls && { tls: { rejectUnauthorized: false } }),
          });
          await send(connection, 5);
          await receive(connection, back);
          isAnswered = true;
        } catch (error) {
          failOnAssertion(error);
        }
      });
      if (hasChaos) return;
      await ended.promise;
      assertEquals([isAnswered, there.received, back.received], [true, LENGTH, LENGTH]);
    },
  };
}

const idle: Stack = () => [idleTimeout({ timeout: 20_000 })];
const all: Stack = () => [
  idleTimeout({ timeout: 20_000 }),
  compression({ format: "gzip" }),
  counters(),
  throttle({ receive: { rate: 200_000 } }),
];

/** The scenarios. */
export const secureLayers: readonly Scenario[] = [
  scenario("layers pass everything on over a slow network", 20, all, { hasChaos: false }),
  scenario("layers pass on nothing wrong over a bad network", 40, all),
  scenario("TLS passes everything on over a slow network", 6, idle, {
    hasTls: true,
    hasChaos: false,
  }),
  scenario("TLS passes on nothing wrong over a bad network", 14, idle, { hasTls: true }),
];
