import { type RunDetails, runWorld, type WorldMain } from "../_run_world.ts";
import { type SimulationOptions, splitRecording } from "../simulation_options.ts";
import type { SimulationRun } from "../simulation_run.ts";
import type { Trace } from "../trace.ts";
import { type DescribedEvent, describeEvent } from "./describe_event.ts";
import { type Divergence, NondeterminismError } from "./nondeterminism_error.ts";

/** So many events of a run are kept to be compared; later ones count by the digest only. */
const MAX_EVENTS = 200_000;
/** So many events before and after the first one that differs are shown. */
const NEIGHBOURS = 4;

/** How a run went. */
interface Account<T> {
  readonly events: readonly DescribedEvent[];
  readonly digest: string;
  readonly virtualTime: number;
  readonly outcome: PromiseSettledResult<SimulationRun<T>>;
}

/**
 * Makes a run twice and compares the traces.
 *
 * @returns The first run.
 * @throws {NondeterminismError} If they differ.
 */
export async function runTwice<T>(
  main: WorldMain<T>,
  options: SimulationOptions & { readonly seed: number },
  details: RunDetails,
): Promise<SimulationRun<T>> {
  const [, others] = splitRecording(options);
  const first = await account(main, others, { replay: details.replay });
  const second = await account(main, options, details);
  const divergence = compare(first, second);
  const failure = [first, second].find(({ outcome }) => outcome.status === "rejected")?.outcome;
  const cause = failure?.status === "rejected" ? failure.reason : undefined;
  if (divergence !== null) {
    throw new NondeterminismError(options.seed, divergence, details.replay(), cause);
  }
  if (first.outcome.status === "rejected") throw first.outcome.reason;
  return first.outcome.value;
}

async function account<T>(
  main: WorldMain<T>,
  options: SimulationOptions,
  details: RunDetails,
): Promise<Account<T>> {
  const events: DescribedEvent[] = [];
  let watched: Trace | null = null;
  let virtualTime = 0;
  const watch = (trace: Trace): void => {
    watched = trace;
    details.watch?.(trace);
    trace.subscribe((event) => {
      virtualTime = event.at;
      if (events.length < MAX_EVENTS) events.push(describeEvent(event));
    });
  };
  const [outcome] = await Promise.allSettled([runWorld(main, options, { ...details, watch })]);
  const trace = watched as Trace | null;
  return { events, digest: trace?.digest ?? "", virtualTime, outcome };
}

function compare<T>(first: Account<T>, second: Account<T>): Divergence | null {
  const length = Math.max(first.events.length, second.events.length);
  for (let event = 0; event < length; event++) {
    const [a, b] = [first.events[event], second.events[event]];
    if (!isSame(a, b)) {
      return {
        event,
        virtualTime: a?.at ?? b?.at ?? 0,
        host: a === undefined ? b?.host ?? null : a.host,
        first: a === undefined ? null : show(a),
        second: b === undefined ? null : show(b),
        excerpt: excerptOf(first.events, second.events, event),
      };
    }
  }
  const isAlike = first.digest === second.digest && first.outcome.status === second.outcome.status;
  return isAlike ? null : differentEnds(first, second);
}

function isSame(a: DescribedEvent | undefined, b: DescribedEvent | undefined): boolean {
  return a?.at === b?.at && a?.host === b?.host && a?.what === b?.what;
}

/** The runs differ in what is not kept: events after the first ones, or whether they failed. */
function differentEnds<T>(first: Account<T>, second: Account<T>): Divergence {
  const ends = [first, second].map(({ outcome, digest, virtualTime }) =>
    `${
      outcome.status === "rejected" ? "failed" : "ended"
    } at ${virtualTime} ms with digest ${digest}`
  );
  const [one = "", other = ""] = ends;
  return {
    event: first.events.length,
    virtualTime: first.virtualTime,
    host: null,
    first: one,
    second: other,
    excerpt: `  1st run: ${one}\n  2nd run: ${other}`,
  };
}

/** The events around the first one that differs, of both runs. */
function excerptOf(
  first: readonly DescribedEvent[],
  second: readonly DescribedEvent[],
  event: number,
): string {
  const line = (mark: string, index: number, text: string): string =>
    `  ${mark} ${String(index).padStart(7)}  ${text}`;
  const range = (events: readonly DescribedEvent[], mark: string, from: number, to: number) =>
    events.flatMap((one, index) =>
      index >= from && index < to ? [line(mark, index, show(one))] : []
    );
  const after = (events: readonly DescribedEvent[], mark: string): string[] => {
    const lines = range(events, mark, event, event + NEIGHBOURS);
    return lines.length > 0 ? lines : [line(mark, event, "is over")];
  };
  return [
    ...range(first, "both runs", event - NEIGHBOURS, event),
    ...after(first, "1st run  "),
    ...after(second, "2nd run  "),
  ].join("\n");
}

function show({ at, host, what }: DescribedEvent): string {
  return `${at} ms  ${host ?? "fault:"}  ${what}`;
}
