import { check, type OptionTable } from "../protocols/option_checks.ts";
import { startTimer } from "../transports/core/clock.ts";
import { type BatteryCase, selectCases } from "./conformance/battery_case.ts";
import { turns } from "./conformance/scene.ts";

/**
 * The default of `caseTimeout`, in milliseconds: hundreds of times what a case takes on a slow
 * machine.
 */
const DEFAULT_CASE_TIMEOUT = 30_000;

/** The options that every battery has. */
interface BatteryOptions<Gap extends string> {
  readonly name?: string;
  readonly gaps?: readonly Gap[];
  readonly test?: (name: string, run: () => Promise<void>) => unknown;
  readonly caseTimeout?: number;
}

/** The objects of one run of a case: it makes those that the case looks at. */
interface Scene {
  /** Ends what it made, and checks it for the rules that hold in every case. */
  end(): Promise<void>;
  /** The case has failed: ends what it made, and waits for nothing. */
  abandon(): void;
  /** The events so far, as text. */
  describe(): string;
}

/** The checks of the options of a battery with these gaps. */
export function batteryChecks<Gap extends string>(
  ...gaps: readonly Gap[]
): OptionTable<BatteryOptions<Gap>> {
  return {
    name: check.text,
    gaps: check.listOf(check.oneOf(...gaps)),
    test: check.functionLike("(name, run) => …"),
    caseTimeout: check.duration(),
  };
}

/**
 * Registers a test for each case that concerns what has these gaps, which runs under a watchdog.
 *
 * @param cases The cases of the battery.
 * @param options Options of the battery; `name` is given.
 * @param scenes Make the scenes in which each case runs, one after the other.
 */
export async function registerCases<S extends Scene, Gap extends string>(
  cases: readonly BatteryCase<S, Gap>[],
  options: BatteryOptions<Gap> & { readonly name: string },
  scenes: readonly (() => S)[],
): Promise<void> {
  const { name, gaps = [], test = Deno.test, caseTimeout = DEFAULT_CASE_TIMEOUT } = options;
  for (const one of selectCases(cases, gaps)) {
    const registered = test(`${name}: ${one.name}`, async () => {
      for (const makeScene of scenes) await watch(one, makeScene(), caseTimeout);
    });
    // Not awaited otherwise: Deno.test registers only until the module's first await.
    if (registered instanceof Promise) await registered;
  }
}

async function watch<S extends Scene>(
  { name, run }: BatteryCase<S, string>,
  scene: S,
  timeoutMs: number,
): Promise<void> {
  const overdue = Promise.withResolvers<never>();
  const stopTimer = startTimer(timeoutMs, () => {
    const text = `Cannot finish "${name}" within ${timeoutMs} ms; so far:\n${scene.describe()}`;
    overdue.reject(new Error(text));
  });
  try {
    await Promise.race([run(scene).then(() => scene.end()), overdue.promise]);
  } catch (error) {
    scene.abandon();
    // Time for released objects to be gone, so that the test fails for one reason only.
    await turns();
    throw error;
  } finally {
    stopTimer();
  }
}
