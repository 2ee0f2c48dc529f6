import type { Fault } from "./faults.ts";
import type { Lan } from "../network/lan.ts";
import type { Machine } from "../network/machine.ts";

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

/** Applies a fault. The hosts that it names must be there. */
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
  const { kind, a, b } = fault;
  if (kind === "heal" && a === undefined && b === undefined) return lan.wire.heal();
  for (const [from, to] of pairsOf(a ?? b, a === undefined ? undefined : b, lan)) {
    if (kind === "reset") {
      resetBetween(from, to);
      continue;
    }
    const isOneWay = kind === "partition" && fault.oneWay;
    const ways = isOneWay ? [[from, to]] as const : [[from, to], [to, from]] as const;
    for (const [start, end] of ways) {
      const link = lan.wire.link(start.name, end.name);
      if (kind === "partition" || kind === "heal") link.isCut = kind === "partition";
      else if (kind === "hold") link.hold();
      else if (kind === "release") link.release();
      else if (kind === "link") link.change(fault.conditions);
    }
  }
}

/** The pair of two hosts, or the pairs of one with all others. */
function* pairsOf(
  a: string | undefined,
  b: string | undefined,
  lan: Lan,
): Generator<readonly [Machine, Machine]> {
  const from = lan.named(a ?? "");
  if (from === undefined) return;
  for (const to of b === undefined ? lan.machines : [lan.named(b)]) {
    if (to !== undefined && to !== from) yield [from, to];
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
