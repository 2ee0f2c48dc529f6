import type { Fault, ScheduledFault } from "../faults.ts";

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
    const { subject, isEnd } = roleOf(one.fault);
    const begun = open.get(subject);
    if (isEnd && begun !== undefined) {
      begun.push(one);
      open.delete(subject);
      continue;
    }
    const group = [one];
    groups.push(group);
    if (!isEnd) open.set(subject, group);
  }
  return groups;
}

/** The faults of groups, earliest first. */
export function toSchedule(groups: readonly FaultGroup[]): ScheduledFault[] {
  return groups.flat().sort((a, b) => a.at - b.at);
}

/** The subject of a fault, and whether the fault mends it. */
function roleOf(fault: Fault): { readonly subject: string; readonly isEnd: boolean } {
  const { a = "", b = "", host = "" } = fault as { a?: string; b?: string; host?: string };
  const about = (kind: string, isEnd: boolean): ReturnType<typeof roleOf> => ({
    subject: `${kind} ${a} ${b} ${host}`,
    isEnd,
  });
  switch (fault.kind) {
    case "partition":
    case "heal":
      return about("partition", fault.kind === "heal");
    case "hold":
    case "release":
      return about("hold", fault.kind === "release");
    case "crash":
    case "restart":
      return about("crash", fault.kind === "restart");
    case "stall":
    case "unstall":
      return about("stall", fault.kind === "unstall");
    case "exhaust":
    case "replenish":
      return about("exhaust", fault.kind === "replenish");
    case "link":
      return about("link", fault.conditions === null);
    case "skew":
      return about("skew", fault.milliseconds === 0);
    case "connects":
      return about("connects", fault.answer === "accept");
    case "lookups":
      return about("lookups", fault.delay === undefined && fault.fail === undefined);
    case "reset":
      return about("reset", false);
  }
}
