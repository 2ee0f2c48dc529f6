import type { EncodedMessage } from "../framing/codec.ts";

/** Up to this many bytes a payload is copied after its header: one piece costs less than two. */
export const COPY_LIMIT = 1024;

/**
 * A message made of a header and a payload, which is copied only if it is small. To make an array
 * costs more than to fill one, so the header is written where it stays.
 *
 * @param length How many bytes the header has.
 * @param payload The bytes after it.
 * @param writeHeader Writes it to the start of an array of zeros.
 */
export function prefixedParts(
  length: number,
  payload: Uint8Array,
  writeHeader: (target: Uint8Array) => void,
): EncodedMessage {
  const isSmall = payload.length <= COPY_LIMIT;
  const bytes = new Uint8Array(isSmall ? length + payload.length : length);
  writeHeader(bytes);
  if (!isSmall) return [bytes, payload];
  bytes.set(payload, length);
  return bytes;
}
