import type { Transport } from "../../../protocols/contract.ts";
import { connectionOf } from "../carrier_transport.ts";
import { gateOf } from "../stack_slot.ts";
import { systemCarrier, type SystemSink } from "./system_carrier.ts";
import { writeSystemBytes } from "../write/writing.ts";

/** Questions that {@linkcode splice} asks, and events that it tells. */
export interface SpliceEvents {
  /** Whether what arrives is to go on within the system; else it is delivered as always. */
  isWanted(): boolean;
  /**
   * So many bytes were passed on.
   *
   * @param isSent Whether the other connection has sent all of them. If not, no more are to come
   * until it has.
   */
  onPassed(bytes: number, isSent: boolean): void;
}

/**
 * Has what arrives on one connection go out on another without coming to JavaScript, right after
 * what was written there before.
 *
 * @returns Ends that; `null` if the system has no way for it: there are layers on one of them, or
 * their network has none.
 */
export function splice(
  from: Transport,
  to: Transport,
  { isWanted, onPassed }: SpliceEvents,
): (() => void) | null {
  const source = connectionOf(from);
  const target = connectionOf(to);
  if (source === null || target === null) return null;
  const sink: SystemSink = {
    isTaking: () => gateOf(to) === null && !target.outbound.isEnding && isWanted(),
    take(bytes, length): void {
      source.onReceived(length);
      const hasRoom = writeSystemBytes(target, bytes, length);
      onPassed(length, hasRoom && target.outbound.size === 0);
    },
  };
  return systemCarrier(source.carrier)?.spliceTo(target.carrier, sink) ?? null;
}
