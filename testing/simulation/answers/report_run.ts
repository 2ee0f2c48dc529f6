import { describeFault, type ScheduledFault } from "../faults/faults.ts";
import type { PendingWait } from "../pending_wait.ts";
import type { HostWaits, RunState } from "../run_state.ts";
import type { SimulationOptions } from "../simulation_options.ts";

/** More faults than this are not listed: the first and the last ones are. */
const MAX_FAULTS = 30;
/** More hosts than this are not listed. */
const MAX_HOSTS = 20;
/** More waits of a host than this are not listed. */
const MAX_WAITS = 8;

/** A run in a few words. */
export function headingOf({ seed, virtualTime }: RunState): string {
  return `run with seed ${seed}, at ${showTime(virtualTime)}`;
}

/** Everything that is known about a run that failed, in sections. */
export function reportRun(run: RunState): string {
  const { faults, injected, options, notes, waits, replay } = run;
  const schedule = [
    ...faults.map((one) => [one, ""] as const),
    ...injected.map((one) => [one, ", by the program"] as const),
  ].sort(([a], [b]) => a.at - b.at).map(([one, by]) => showScheduled(one) + by);
  return [
    section("Found", notes),
    section("Options", shownOptions(options)),
    section("Faults", shortened(schedule, MAX_FAULTS)),
    section("Waits", shortened(sortedHosts(waits), MAX_HOSTS).flatMap(showHost)),
    section("Repeat it", replay === null ? [] : [replay]),
  ].join("");
}

/** The options that the program did not give; the faults are listed with the others. */
function shownOptions(options: SimulationOptions): string[] {
  return Object.entries(options)
    .filter(([name]) => name !== "faults")
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
}

/** A moment of virtual time. */
export function showTime(milliseconds: number): string {
  return `${Number(milliseconds.toFixed(3))} ms`;
}

/** A fault of a schedule, in one line. */
function showScheduled({ at, fault }: ScheduledFault): string {
  return `${showTime(at).padStart(12)}  ${describeFault(fault)}`;
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `\n  ${title}:\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

/** Those that wait come first. */
function sortedHosts(hosts: readonly HostWaits[]): readonly HostWaits[] {
  const waiting = (one: HostWaits): number => one.waits.length > 0 ? 0 : 1;
  return [...hosts].sort((a, b) => waiting(a) - waiting(b));
}

function showHost(host: HostWaits | string): string[] {
  if (typeof host === "string") return [host];
  const waits = shortened(host.waits, MAX_WAITS).map((wait) =>
    typeof wait === "string" ? wait : showWait(wait)
  );
  const timers = host.timers === 0
    ? []
    : [`${host.timers} ${host.timers > 1 ? "timers" : "timer"}`];
  const lines = [...waits, ...timers];
  if (lines.length === 0 && host.state === "running") lines.push("nothing that the world knows of");
  return [`${host.host} (${host.state})`, ...lines.map((line) => `  ${line}`)];
}

function showWait({ what, since, where }: PendingWait): string {
  return `${what}, since ${showTime(since)}${where === null ? "" : `, at ${where}`}`;
}

/** The first and the last elements of a list, `most` together, and a note between them. */
function shortened<T>(list: readonly T[], most: number): (T | string)[] {
  if (list.length <= most) return [...list];
  const half = most / 2;
  const note = `… ${list.length - most} more`;
  return [
    ...list.filter((_, index) => index < half),
    note,
    ...list.filter((_, index) => index >= list.length - half),
  ];
}
