import type { Fault, ScheduledFault } from "../faults/faults.ts";

/** Faults that belong together: trouble, and what mends it. */
export type FaultGroup = readonly ScheduledFault[];

/**
 * Divides a schedule into trouble with its end. To leave out an end alone would make a harmless
 * pause of one that never ends: another failure than the one that is looked for.
 */
export function groupFaults(schedule: readonly ScheduledFault[]): FaultGroup[] {
  const groups: ScheduledFault[][] = [];
  const open = new Map<string, ScheduledFault[]>();
  for (const one of schedule) {
    const { kind, subject, isEnd } = roleOf(one.fault);
    const begun = open.get(subject);
    // Trouble that lasts already shares its end with what begins anew.
    if (begun !== undefined) {
      begun.push(one);
      if (isEnd) open.delete(subject);
      continue;
    }
    // It mends all trouble of its kind, which it thereby joins.
    if (isEnd && subject === kind && joinAll(open, kind, one)) continue;
    const group = [one];
    groups.push(group);
    if (!isEnd && kind !== "reset") open.set(subject, group);
  }
  return groups.filter((group) => group.length > 0);
}

/** The beginnings of trouble that share their end: each of them may be left out alone. */
export function sharingAnEnd(schedule: readonly ScheduledFault[]): ScheduledFault[] {
  return groupFaults(schedule)
    .map((group) => group.filter(({ fault }) => !roleOf(fault).isEnd))
    .filter((beginnings) => beginnings.length > 1)
    .flat();
}

/** Makes one group of all open ones of a kind, with their end. Returns whether there are any. */
function joinAll(open: Map<string, ScheduledFault[]>, kind: string, end: ScheduledFault): boolean {
  const keys = [...open.keys()].filter((key) => key.startsWith(`${kind} `));
  const [first, ...others] = keys.map((key) => open.get(key) ?? []);
  for (const key of keys) open.delete(key);
  first?.push(...others.flatMap((part) => part.splice(0)), end);
  return first !== undefined;
}

/** The faults of groups, earliest first. */
export function toSchedule(groups: readonly FaultGroup[]): ScheduledFault[] {
  return groups.flat().sort((a, b) => a.at - b.at);
}

/** Whether a fault mends something, and what it is about. */
interface FaultRole {
  readonly kind: string;
  /** The kind and the hosts that are named. */
  readonly subject: string;
  readonly isEnd: boolean;
}

/** The kind of fault that mends each kind. */
const MENDED: Partial<Record<Fault["kind"], Fault["kind"]>> = {
  heal: "partition",
  release: "hold",
  restart: "crash",
  unstall: "stall",
  replenish: "exhaust",
};

/** The subject of a fault, and whether the fault mends it. */
function roleOf(fault: Fault): FaultRole {
  const { a, b, host } = fault as { a?: string; b?: string; host?: string };
  const kind = MENDED[fault.kind] ?? fault.kind;
  const subject = [kind, a, b, host].filter((part) => part !== undefined).join(" ");
  return { kind, subject, isEnd: isMending(fault) };
}

/** Whether a fault is the end of trouble. */
export function isMending(fault: Fault): boolean {
  return fault.kind in MENDED ||
    (fault.kind === "link" && fault.conditions === null) ||
    (fault.kind === "connects" && fault.answer === "accept") ||
    (fault.kind === "skew" && fault.milliseconds === 0) ||
    (fault.kind === "lookups" && fault.delay === undefined && !fault.fail);
}
