import type { EncodedMessage, EncodeSegment } from "../framing/codec.ts";

/** Up to this many bytes a payload is copied after its header: one piece costs less than two. */
export const COPY_LIMIT = 1024;

/**
 * A message made of a header and a payload, which is copied only if it is small. To make an array
 * costs more than to fill one, so the header is written where it stays, in the segment if there is
 * one.
 *
 * @param length How many bytes the header has.
 * @param payload The bytes after it.
 * @param writeHeader Writes it, all of it, to the start of an array.
 * @param segment Where the codec was given memory.
 */
export function prefixedParts(
  length: number,
  payload: Uint8Array,
  writeHeader: (target: Uint8Array) => void,
  segment: EncodeSegment | undefined,
): EncodedMessage {
  const isSmall = payload.length <= COPY_LIMIT;
  const size = isSmall ? length + payload.length : length;
  const bytes = segment === undefined ? new Uint8Array(size) : segment.take(size);
  writeHeader(bytes);
  if (!isSmall) return [bytes, payload];
  bytes.set(payload, length);
  return bytes;
}
