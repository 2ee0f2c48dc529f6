import { Outbound } from "../../../transports/core/write/outbound.ts";
import type { FakeCarrier } from "./fake_carrier.ts";

/** An `Outbound` that writes down its events, over a carrier that a test moves by hand. */
export function recordedOutbound(
  carrier: FakeCarrier,
  limits?: { high?: number; low?: number },
): { outbound: Outbound; events: string[] } {
  const events: string[] = [];
  const outbound = new Outbound(carrier, {
    onPause: () => events.push(`pause ${outbound.size}`),
    onResume: () => events.push(`resume ${outbound.size}`),
    onFlushed: () => events.push("flushed"),
    onWriteError: (error) => events.push(`failed ${error}`),
    onQueueError: (error) => events.push(`gone ${error}`),
  }, limits);
  return { outbound, events };
}
