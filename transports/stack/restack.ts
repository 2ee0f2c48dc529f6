import type { AnyProtocol, Transport } from "../../protocols/contract.ts";

/** A protocol that is a layer: it writes to a transport below, which may be exchanged. */
type StackedProtocol = AnyProtocol & { inner: Transport };

const stacked = new WeakSet<AnyProtocol>();

/** Marks a protocol as a layer, whose `inner` follows when layers below it come and go. */
export function markStacked(layer: StackedProtocol): void {
  stacked.add(layer);
}

/** Has a protocol write to `transport` from now on, if it is a layer itself. */
export function restack(protocol: AnyProtocol, transport: Transport): void {
  // Only what has an inner transport is marked.
  if (stacked.has(protocol)) (protocol as StackedProtocol).inner = transport;
}
