import { checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import { batteryChecks, registerCases } from "./_case_runner.ts";
import { datagramEndingCases } from "./conformance/datagrams/ending_cases.ts";
import { datagramReceivingCases } from "./conformance/datagrams/receiving_cases.ts";
import { type DatagramCase, DatagramScene } from "./conformance/datagrams/datagram_scene.ts";
import { datagramSendingCases } from "./conformance/datagrams/sending_cases.ts";
import { Random } from "./conformance/random.ts";
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
   * The abilities that the endpoint lacks: `"truncation"` if it takes datagrams of any length.
   *
   * @default {[]}
   */
  readonly gaps?: readonly DatagramGap[];
  /**
   * Registers or runs one test; a promise that it returns is awaited before the next.
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

const CASES: readonly DatagramCase[] = [
  datagramSendingCases,
  datagramReceivingCases,
  datagramEndingCases,
].flat();

const CHECKS: OptionTable<TestDatagramEndpointOptions> = batteryChecks("truncation");

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
 * @throws {TypeError} If an option is of a wrong kind, or there is no such option.
 */
export async function testDatagramEndpoint(
  make: MakeDatagramEndpoint,
  options: TestDatagramEndpointOptions = {},
): Promise<void> {
  checkOptions("test datagram endpoint", options, CHECKS);
  const { name = "datagram endpoint" } = options;
  await registerCases(CASES, { ...options, name }, [() => new DatagramScene(make, new Random(1))]);
}
