import { check, checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import { batteryChecks, registerCases } from "./_case_runner.ts";
import { bufferedProtocolCases } from "./conformance/buffered_protocol_cases.ts";
import { callbackErrorCases } from "./conformance/callback_error_cases.ts";
import { closeInfoCases } from "./conformance/close_info_cases.ts";
import { closingCases } from "./conformance/closing_cases.ts";
import { endingInsideCases } from "./conformance/ending_inside_cases.ts";
import { flowControlCases } from "./conformance/flow_control_cases.ts";
import { halfCloseCases } from "./conformance/half_close_cases.ts";
import { integrityCases } from "./conformance/integrity_cases.ts";
import { lentMemoryCases } from "./conformance/lent_memory_cases.ts";
import { protocolSwitchCases } from "./conformance/protocol_switch_cases.ts";
import { Random } from "./conformance/random.ts";
import { readingCases } from "./conformance/reading_cases.ts";
import { type ConformanceCase, Scene } from "./conformance/scene.ts";
import { transferredMemoryCases } from "./conformance/transferred_memory_cases.ts";
import { writingCases } from "./conformance/writing_cases.ts";
import type { MakeTransportPair, TransportGap } from "./make_transport_pair.ts";

/** Options for {@linkcode testTransport}. */
export interface TestTransportOptions {
  /**
   * The name of the transport in the names of the tests.
   *
   * @default {"transport"}
   */
  readonly name?: string;
  /**
   * The features that the transport lacks. Each named gap is checked to be there, instead of the
   * tests that need the feature.
   *
   * @default {[]}
   */
  readonly gaps?: readonly TransportGap[];
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
  /**
   * Where the sequence of sizes, splits and data starts.
   *
   * @default {1}
   */
  readonly seed?: number;
}

const CASES: readonly ConformanceCase[] = [
  closingCases,
  endingInsideCases,
  closeInfoCases,
  halfCloseCases,
  readingCases,
  lentMemoryCases,
  bufferedProtocolCases,
  protocolSwitchCases,
  writingCases,
  transferredMemoryCases,
  flowControlCases,
  callbackErrorCases,
  integrityCases,
].flat();

const CHECKS: OptionTable<TestTransportOptions> = {
  ...batteryChecks("halfClose", "backPressure", "onError", "maxWriteBuffer"),
  seed: check.wholeNumber(0),
};

/**
 * Tests a transport against the whole contract of `Transport`: order of callbacks, every way to
 * end, half-close, flow control, protocol switches, failing callbacks, and that bytes arrive whole
 * and in order. In the manner of Go's `nettest`.
 *
 * `testTransport(makePair, { name })` at the top of a test file is all it takes: each case becomes
 * a `Deno.test` of its own. Each makes a pair of connected transports, and once more with the two
 * ends swapped. One that waits for what does not come fails by its name and with what happened so
 * far. No case needs a permission that the transport does not need.
 *
 * @example A transport of your own, each case a step of one test
 * ```ts
 * import { memoryTransportPair, TransportWrapper } from "@sluice/net";
 * import { type MakeTransportPair, testTransport } from "@sluice/net/testing";
 *
 * class MyTransport extends TransportWrapper {}
 *
 * const makePair: MakeTransportPair = async (protocolFactoryA, protocolFactoryB, options) => {
 *   const [a, b] = await memoryTransportPair(protocolFactoryA, protocolFactoryB, options);
 *   return [{ transport: new MyTransport(a.transport) }, b];
 * };
 *
 * Deno.test("MyTransport does what every transport does", async (t) => {
 *   await testTransport(makePair, { test: (name, run) => t.step(name, run) });
 * });
 * ```
 *
 * @param makePair Makes the pairs.
 * @param options Names, gaps, and what runs the tests.
 * @returns Resolves when every test is registered, or done if `test` runs them.
 * @throws {TypeError} If an option is of a wrong kind, or there is no such option.
 * @throws {RangeError} If an option is out of range.
 */
export async function testTransport(
  makePair: MakeTransportPair,
  options: TestTransportOptions = {},
): Promise<void> {
  checkOptions("test transport", options, CHECKS);
  const { name = "transport", seed = 1 } = options;
  const scenes = [makePair, swapEnds(makePair)].map((make) => () =>
    new Scene(make, new Random(seed))
  );
  await registerCases(CASES, { ...options, name }, scenes);
}

/** Exchanges the two ends: the ends of a connection need not be of one kind. */
function swapEnds(makePair: MakeTransportPair): MakeTransportPair {
  return async (protocolFactoryA, protocolFactoryB, options) => {
    const [b, a, cleanup] = await makePair(protocolFactoryB, protocolFactoryA, options);
    return cleanup === undefined ? [a, b] : [a, b, cleanup];
  };
}
