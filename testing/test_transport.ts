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
import { type ConformanceCase, Scene, turns } from "./conformance/scene.ts";
import { transferredMemoryCases } from "./conformance/transferred_memory_cases.ts";
import { writingCases } from "./conformance/writing_cases.ts";
import { startTimer } from "../transports/core/clock.ts";
import type { MakeTransportPair, TransportGap } from "./make_transport_pair.ts";

/**
 * The default of `caseTimeout`, in milliseconds: hundreds of times what a case takes on a slow
 * machine.
 */
const DEFAULT_CASE_TIMEOUT = 30_000;

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
  /**
   * Where the sequence of sizes, splits and data starts.
   *
   * @default {1}
   */
  readonly seed?: number;
}

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
 */
export async function testTransport(
  makePair: MakeTransportPair,
  options: TestTransportOptions = {},
): Promise<void> {
  const { name = "transport", gaps = [], test = Deno.test, seed = 1 } = options;
  const { caseTimeout = DEFAULT_CASE_TIMEOUT } = options;
  for (const one of selectCases(gaps)) {
    const registered = test(`${name}: ${one.name}`, async () => {
      await runCase(one, makePair, seed, caseTimeout);
      await runCase(one, swapEnds(makePair), seed, caseTimeout);
    });
    // Not awaited otherwise: Deno.test registers only until the module's first await.
    if (registered instanceof Promise) await registered;
  }
}

function selectCases(gaps: readonly TransportGap[]): ConformanceCase[] {
  const all = [
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
  return all.filter(({ needs = [], gap }) =>
    gap === undefined ? !needs.some((need) => gaps.includes(need)) : gaps.includes(gap)
  );
}

/** What was the first end becomes the second: the ends of a connection need not be of one kind. */
function swapEnds(makePair: MakeTransportPair): MakeTransportPair {
  return async (protocolFactoryA, protocolFactoryB, options) => {
    const [b, a, cleanup] = await makePair(protocolFactoryB, protocolFactoryA, options);
    return cleanup === undefined ? [a, b] : [a, b, cleanup];
  };
}

/** Runs one case under a watchdog. */
async function runCase(
  one: ConformanceCase,
  makePair: MakeTransportPair,
  seed: number,
  timeoutMs: number,
): Promise<void> {
  const scene = new Scene(makePair, new Random(seed));
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
