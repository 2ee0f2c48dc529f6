import type { Fault } from "./faults.ts";
import type { Lan } from "./network/lan.ts";
import type { Machine } from "./network/machine.ts";

/** The part of a fault that concerns programs. */
interface HostFaults {
  crash(host: string, isProcessOnly: boolean): void;
  restart(host: string): void;
  skew(host: string, milliseconds: number): void;
}

/** The hosts that a fault names. */
export function hostsOf(fault: Fault): readonly string[] {
  const { a, b, host } = fault as { a?: string; b?: string; host?: string };
  return [a, b, host].filter((name) => name !== undefined);
}

/**
 * Applies a fault. The hosts that it names must be there.
 *
 * @throws {TypeError} If there is no such fault.
 */
export function applyFault(fault: Fault, lan: Lan, hosts: HostFaults): void {
  switch (fault.kind) {
    case "crash":
      return hosts.crash(fault.host, fault.process ?? false);
    case "restart":
      return hosts.restart(fault.host);
    case "skew":
      return hosts.skew(fault.host, fault.milliseconds);
    case "lookups": {
      const { host = "*", delay = 0, fail = false } = fault;
      return lan.names.trouble(host, { delay, fail });
    }
    case "stall":
    case "unstall":
    case "exhaust":
    case "replenish":
    case "connects":
      return applyToMachine(fault, lan);
    case "partition":
    case "heal":
    case "hold":
    case "release":
    case "link":
    case "reset":
      return applyToLinks(fault, lan);
    default:
      throw new TypeError(`Cannot inject fault: there is no kind "${(fault as Fault).kind}"`);
  }
}

type Kind<K extends Fault["kind"]> = Extract<Fault, { readonly kind: K }>;

function applyToMachine(
  fault: Extract<Fault, { readonly host: string }>,
  lan: Lan,
): void {
  const machine = lan.named(fault.host);
  if (machine === undefined) return;
  if (fault.kind === "stall" || fault.kind === "unstall") {
    machine.isReading = fault.kind === "unstall";
  } else if (fault.kind === "exhaust" || fault.kind === "replenish") {
    machine.hasDescriptors = fault.kind === "replenish";
  } else if (fault.kind === "connects") machine.answer = fault.answer;
}

function applyToLinks(
  fault: Kind<"partition" | "heal" | "hold" | "release" | "link" | "reset">,
  lan: Lan,
): void {
  for (const [from, to] of pairsOf(fault.a, fault.b, lan)) {
    if (fault.kind === "reset") {
      resetBetween(from, to);
      continue;
    }
    const isOneWay = fault.kind === "partition" && fault.oneWay;
    const ways = isOneWay ? [[from, to]] as const : [[from, to], [to, from]] as const;
    for (const [start, end] of ways) {
      const link = lan.wire.link(start.name, end.name);
      if (fault.kind === "partition" || fault.kind === "heal") {
        link.isCut = fault.kind === "partition";
      } else if (fault.kind === "hold") link.hold();
      else if (fault.kind === "release") link.release();
      else if (fault.kind === "link") link.change(fault.conditions);
    }
  }
}

/** The pairs of two hosts, of one with all others, or all. */
function* pairsOf(
  a: string | undefined,
  b: string | undefined,
  lan: Lan,
): Generator<readonly [Machine, Machine]> {
  for (const from of lan.machines) {
    if (a !== undefined && from.name !== a) continue;
    for (const to of lan.machines) {
      if (to !== from && (b === undefined || to.name === b)) yield [from, to];
    }
  }
}

/** Both ends of every connection between two machines learn that it was reset. */
function resetBetween(a: Machine, b: Machine): void {
  for (const [machine, other] of [[a, b], [b, a]] as const) {
    for (const connection of machine.connections) {
      const { remoteAddr } = connection;
      if ("hostname" in remoteAddr && remoteAddr.hostname.endsWith(other.address)) {
        connection.receiveReset();
      }
    }
  }
}
