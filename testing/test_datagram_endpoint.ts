import { startTimer } from "../transports/core/clock.ts";
import { datagramEndingCases } from "./conformance/datagram_ending_cases.ts";
import { datagramReceivingCases } from "./conformance/datagram_receiving_cases.ts";
import { type DatagramCase, DatagramScene } from "./conformance/datagram_scene.ts";
import { datagramSendingCases } from "./conformance/datagram_sending_cases.ts";
import { Random } from "./conformance/random.ts";
import { turns } from "./conformance/scene.ts";
import type { DatagramGap, MakeDatagramEndpoint } from "./make_datagram_endpoint.ts";

/** Options for {@linkcode testDatagramEndpoint}. */
export interface TestDatagramEndpointOptions {
  /**
   * The name of the endpoint in the names of the tests.
   *
   * @default {"datagram endpoint"}
   */
  readonly name?: string;
  /**
   * What the endpoint cannot do: `"truncation"` if it takes datagrams of any length.
   *
   * @default {[]}
   */
  readonly gaps?: readonly DatagramGap[];
  /**
   * What registers or runs one test; a promise it returns is awaited before the next.
   *
   * @default {Deno.test}
   */
  readonly test?: (name: string, run: () => Promise<void>) => unknown;
  /**
   * After how many milliseconds a test fails instead of going on waiting.
   *
   * @default {30000}
   */
  readonly caseTimeout?: number;
}

/**
 * Tests a datagram endpoint against the whole contract of `DatagramTransport`: what is sent and in
 * which order, water marks, both queues, lending, truncation, strangers, every way to end, failing
 * callbacks.
 *
 * @example Endpoints of UDP, each case a step of one test
 * ```ts
 * import { createDatagramEndpoint } from "@sluice/net";
 * import { type MakeDatagramEndpoint, testDatagramEndpoint } from "@sluice/net/testing";
 *
 * const make: MakeDatagramEndpoint = (protocolFactory, { peer, ...options }) => {
 *   const remoteAddr = peer?.transport === "udp" ? { remoteAddr: peer } : {};
 *   return createDatagramEndpoint(protocolFactory, {
 *     localAddr: { port: 0 },
 *     ...remoteAddr,
 *     ...options,
 *   });
 * };
 *
 * Deno.test("UDP does what every endpoint does", async (t) => {
 *   await testDatagramEndpoint(make, { test: (name, run) => t.step(name, run) });
 * });
 * ```
 *
 * @param make Opens the endpoints.
 * @param options Names, gaps, and what runs the tests.
 * @returns Resolves when every test is registered, or done if `test` runs them.
 */
export async function testDatagramEndpoint(
  make: MakeDatagramEndpoint,
  options: TestDatagramEndpointOptions = {},
): Promise<void> {
  const { name = "datagram endpoint", gaps = [], test = Deno.test, caseTimeout = 30_000 } = options;
  const all = [datagramSendingCases, datagramReceivingCases, datagramEndingCases].flat();
  for (const one of all) {
    if (one.needs !== undefined && gaps.includes(one.needs)) continue;
    const registered = test(`${name}: ${one.name}`, () => runCase(one, make, caseTimeout));
    // Not awaited otherwise: Deno.test registers only until the module's first await.
    if (registered instanceof Promise) await registered;
  }
}

/** Runs one case under a watchdog. */
async function runCase(
  one: DatagramCase,
  make: MakeDatagramEndpoint,
  timeoutMs: number,
): Promise<void> {
  const scene = new DatagramScene(make, new Random(1));
  const overdue = Promise.withResolvers<never>();
  const stopTimer = startTimer(timeoutMs, () => {
    const happened = scene.describe();
    overdue.reject(
      new Error(`Cannot finish "${one.name}" within ${timeoutMs} ms; so far:\n${happened}`),
    );
  });
  try {
    await Promise.race([one.run(scene).then(() => scene.end()), overdue.promise]);
  } catch (error) {
    scene.abandon();
    // Time for released objects to be gone, so that the test fails for one reason only.
    await turns();
    throw error;
  } finally {
    stopTimer();
  }
}
