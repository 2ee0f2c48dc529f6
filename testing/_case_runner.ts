import {
  duration,
  functionLike,
  listOf,
  oneOf,
  type OptionTable,
  text,
} from "../protocols/option_checks.ts";
import { startTimer } from "../transports/core/clock.ts";
import { turns } from "./conformance/scene.ts";

/**
 * The default of `caseTimeout`, in milliseconds: hundreds of times what a case takes on a slow
 * machine.
 */
const DEFAULT_CASE_TIMEOUT = 30_000;

/** The options that every battery has. */
interface BatteryOptions {
  readonly name?: string;
  readonly gaps?: readonly string[];
  readonly test?: (name: string, run: () => Promise<void>) => unknown;
  readonly caseTimeout?: number;
}

/** One case, and what its runs work with. */
interface Run {
  /** Does it, and ends what it made. */
  readonly done: Promise<void>;
  /** The case has failed: ends what it made, and waits for nothing. */
  abandon(): void;
  /** What happened so far, as text. */
  describe(): string;
}

/** The checks of the options of a battery with these gaps. */
export function batteryChecks(...gaps: readonly string[]): OptionTable<BatteryOptions> {
  return {
    name: text,
    gaps: listOf(oneOf(...gaps)),
    test: functionLike("(name, run) => …"),
    caseTimeout: duration(),
  };
}

/**
 * Registers a test for each case, which runs under a watchdog.
 *
 * @param cases The cases; each has a name.
 * @param options Options of the battery; `name` is given.
 * @param runs Starts the runs of a case, one after the other.
 */
export async function registerCases<C extends { readonly name: string }>(
  cases: readonly C[],
  options: BatteryOptions & { readonly name: string },
  runs: readonly ((one: C) => Run)[],
): Promise<void> {
  const { name, test = Deno.test, caseTimeout = DEFAULT_CASE_TIMEOUT } = options;
  for (const one of cases) {
    const registered = test(`${name}: ${one.name}`, async () => {
      for (const start of runs) await watch(start(one), one.name, caseTimeout);
    });
    // Not awaited otherwise: Deno.test registers only until the module's first await.
    if (registered instanceof Promise) await registered;
  }
}

async function watch(run: Run, name: string, timeoutMs: number): Promise<void> {
  const overdue = Promise.withResolvers<never>();
  const stopTimer = startTimer(timeoutMs, () => {
    const text = `Cannot finish "${name}" within ${timeoutMs} ms; so far:\n${run.describe()}`;
    overdue.reject(new Error(text));
  });
  try {
    await Promise.race([run.done, overdue.promise]);
  } catch (error) {
    run.abandon();
    // Time for released objects to be gone, so that the test fails for one reason only.
    await turns();
    throw error;
  } finally {
    stopTimer();
  }
}
