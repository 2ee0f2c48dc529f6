import type { Transport } from "../../../protocols/contract.ts";
import { TransportWrapper } from "../transport_wrapper.ts";

/** A transport that can have what arrives wait. */
interface Holding {
  holdDelivery(until: Promise<void>): void;
}

/**
 * Has what arrives wait until `until` has resolved; it must not reject. A transport that is not
 * ours does not wait.
 */
export function holdDelivery(transport: Transport, until: Promise<void>): void {
  if (isHolding(transport)) transport.holdDelivery(until);
  else if (transport instanceof TransportWrapper) holdDelivery(transport.inner, until);
}

function isHolding(transport: Transport): transport is Transport & Holding {
  return "holdDelivery" in transport;
}
