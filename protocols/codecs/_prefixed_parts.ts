import type { EncodedMessage } from "../codec.ts";

/** Up to this many bytes a payload is copied after its header: one piece costs less than two. */
export const COPY_LIMIT = 1024;

/** A message made of a header and a payload, which is copied only if it is small. */
export function prefixedParts(header: Uint8Array, payload: Uint8Array): EncodedMessage {
  if (payload.length > COPY_LIMIT) return [header, payload];
  const whole = new Uint8Array(header.length + payload.length);
  whole.set(header);
  whole.set(payload, header.length);
  return whole;
}
