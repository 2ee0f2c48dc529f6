import type { Transport } from "../../../protocols/contract.ts";
import { connectionOf } from "../carrier_transport.ts";
import { TransportWrapper } from "../transport_wrapper.ts";

/** A layer: it can have what arrives wait. */
interface Holding {
  holdDelivery(until: Promise<void>): void;
}

/**
 * Has what arrives wait until `until` has resolved; it must not reject. A transport that is not
 * ours does not wait.
 */
export function holdDelivery(transport: Transport, until: Promise<void>): void {
  const connection = connectionOf(transport);
  if (connection !== null) connection.delivery.hold(until);
  else if (isHolding(transport)) transport.holdDelivery(until);
  else if (transport instanceof TransportWrapper) holdDelivery(transport.inner, until);
}

function isHolding(transport: Transport): transport is Transport & Holding {
  return "holdDelivery" in transport;
}
