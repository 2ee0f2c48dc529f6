import type { Transport } from "../../protocols/contract.ts";

/** For each transport with a layer right above it, the transport on top of that layer. */
const above = new WeakMap<Transport, Transport>();

/** A layer was put between a transport and what was above it; `upper` is the layer's transport. */
export function putOnTop(lower: Transport, upper: Transport): void {
  const top = above.get(lower);
  above.set(lower, upper);
  if (top !== undefined) above.set(upper, top);
}

/** The layer right above a transport was taken out; `upper` was the layer's transport. */
export function takeOff(lower: Transport, upper: Transport): void {
  const top = above.get(upper);
  above.delete(upper);
  if (top === undefined) above.delete(lower);
  else above.set(lower, top);
}

/** The transport on top of all layers over a transport: itself if there are none. */
export function topOf(transport: Transport): Transport {
  let top = transport;
  for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next;
  return top;
}

/** Whether a transport is known to be right above another. */
export function isOnTop(lower: Transport, upper: Transport): boolean {
  return above.get(lower) === upper;
}
