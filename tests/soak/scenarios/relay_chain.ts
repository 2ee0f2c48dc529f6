/**
 * A client talks to a server through two relays, and reads slowly at times. What arrives is the
 * beginning of what was sent; without a fault it is all of it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { openConnection, relay, startServer, type StreamConnection } from "@sluice/net";
import { localhost } from "../../support/certificates/certificates.ts";
import { numberedBytes, NumberedBytesCheck } from "../numbered_bytes.ts";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const LENGTH = 60_000;

async function send({ writer }: StreamConnection, seed: number): Promise<void> {
  for (let sent = 0; sent < LENGTH;) {
    const length = Math.min(LENGTH - sent, 1 + Math.floor(Math.random() * 10_000));
    writer.write(numberedBytes(seed, sent, length));
    sent += length;
    await writer.drain();
  }
  writer.writeEof();
}

async function receive({ reader }: StreamConnection, check: NumberedBytesCheck): Promise<void> {
  for (;;) {
    // If the network loses the reset of the peer as well, nothing tells that it is gone.
    const chunk = await reader.read(1 + Math.floor(Math.random() * 10_000), { timeout: 600_000 });
    // An end in good order comes after everything, also when a relay has lost its other side.
    if (chunk.length === 0) return assertEquals(check.received, LENGTH);
    check.add(chunk);
    if (Math.random() < 0.1) await pause(Math.random() * 2000);
  }
}

async function serveRelay(port: number, hostname: string, hasTls = false): Promise<void> {
  await using server = await startServer(async (connection) => {
    await relay(connection, await openConnection({ hostname, port, resetOnAbort: true }), {
      idleTimeout: 60_000,
    });
  }, {
    hostname: "0.0.0.0",
    port,
    resetOnAbort: true,
    onError: failOnAssertion,
    ...(hasTls && { tls: localhost }),
  });
  await server.serveForever();
}

function scenario(name: string, runs: number, hasChaos: boolean, hasTls = false): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [0.5, 20],
      loss: 0.001,
      segmentSize: [200, 1460],
      chaos: hasChaos ? { interval: 40, duration: 4000, until: 500 } : false,
    },
    async main(world): Promise<void> {
      const there = new NumberedBytesCheck(1);
      const back = new NumberedBytesCheck(2);
      const ended = Promise.withResolvers<void>();
      let faults = 0;
      const both = async (connection: StreamConnection, out: number, check: NumberedBytesCheck) => {
        try {
          await Promise.all([send(connection, out), receive(connection, check)]);
        } catch (error) {
          failOnAssertion(error);
          faults++;
          connection.transport.abort();
        }
      };
      world.host("end", async () => {
        await using server = await startServer(async (connection) => {
          await both(connection, 2, there);
          ended.resolve();
        }, {
          hostname: "0.0.0.0",
          port: 7,
          resetOnAbort: true,
          onError: failOnAssertion,
        });
        await server.serveForever();
      });
      world.host("near", () => serveRelay(7, "far", hasTls));
      world.host("far", () => serveRelay(7, "end"));
      await world.client("client", async () => {
        try {
          await using connection = await openConnection({
            hostname: "near",
            port: 7,
            resetOnAbort: true,
            ...(hasTls && { tls: { rejectUnauthorized: false } }),
          });
          await both(connection, 1, back);
        } catch (error) {
          failOnAssertion(error);
          faults++;
        }
      });
      if (hasChaos) return;
      await ended.promise;
      assertEquals([there.received, back.received, faults], [LENGTH, LENGTH, 0]);
    },
  };
}

/** The scenarios. */
export const relayChain: readonly Scenario[] = [
  scenario("relay() passes all bytes on through a chain", 30, false),
  scenario("relay() passes on nothing wrong when connections fail", 60, true),
  scenario("relay() passes all bytes on out of TLS", 10, false, true),
  scenario("relay() passes on nothing wrong out of TLS when connections fail", 20, true, true),
];
