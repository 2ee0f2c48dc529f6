import type { LinkConditions } from "../link_conditions.ts";

/**
 * Something that goes wrong in a world, or is mended, as data: it can be printed, kept and applied
 * again. Hosts are named; where `b` may be left out, it means every other host.
 *
 * - `partition`: nothing passes between hosts, or from `a` to `b` with `oneWay`. Connections go on
 *   trying, as TCP does, and get through some time after the partition was healed.
 * - `heal`: ends partitions; all of them if no host is named.
 * - `hold`: what is sent between hosts is kept; `release` delivers it.
 * - `crash`: a host is gone without a word, as without power. With `process` only its program is:
 *   its system ends the connections.
 * - `restart`: a host that crashed starts again.
 * - `skew`: the host's `Date` is ahead by so many milliseconds.
 * - `link`: the way from `a` to `b` and back has other conditions; `null` is back to normal.
 * - `reset`: every connection between the hosts is reset.
 * - `stall`: what arrives at a host is not read any more; `unstall` ends that.
 * - `exhaust`: a host has no descriptors left, it neither accepts nor connects; `replenish` ends
 *   that.
 * - `connects`: what a host answers to those that connect to it.
 * - `lookups`: looking a name up takes time, or fails, at one host or at all.
 */
export type Fault =
  | {
    readonly kind: "partition";
    readonly a: string;
    readonly b?: string;
    readonly oneWay?: boolean;
  }
  | { readonly kind: "heal"; readonly a?: string; readonly b?: string }
  | { readonly kind: "hold" | "release" | "reset"; readonly a: string; readonly b?: string }
  | { readonly kind: "crash"; readonly host: string; readonly process?: boolean }
  | { readonly kind: "restart"; readonly host: string }
  | { readonly kind: "skew"; readonly host: string; readonly milliseconds: number }
  | {
    readonly kind: "link";
    readonly a: string;
    readonly b?: string;
    readonly conditions: LinkConditions | null;
  }
  | { readonly kind: "stall" | "unstall" | "exhaust" | "replenish"; readonly host: string }
  | {
    readonly kind: "connects";
    readonly host: string;
    readonly answer: "accept" | "refuse" | "ignore";
  }
  | {
    readonly kind: "lookups";
    readonly host?: string;
    readonly delay?: number;
    readonly fail?: boolean;
  };

/** A fault and when it happens. A list of them is a fault schedule. */
export interface ScheduledFault {
  /** When, in milliseconds of virtual time. */
  readonly at: number;
  /** The fault. */
  readonly fault: Fault;
}

/** A fault in one line, as `partition client server`. */
export function describeFault(fault: Fault): string {
  const { kind, ...details } = fault;
  const words = Object.entries(details).map(([name, value]) =>
    typeof value === "string" ? value : value === true ? name : `${name} ${JSON.stringify(value)}`
  );
  return [kind, ...words].join(" ");
}
