import type { Codec, EncodedMessage } from "../framing/codec.ts";
import { type Bytes, copyOf } from "../bytes.ts";
import { packetCodec } from "./_packet_codec.ts";
import { FrameDecodeError, FrameEncodeError } from "../errors.ts";
import { COPY_LIMIT } from "./_prefixed_parts.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";

/**
 * The default of `maxLength`, in bytes: the largest IP datagram. RFC 1055 suggests 1006 bytes for
 * serial lines of its day.
 */
const DEFAULT_MAX_SLIP_LENGTH = 65_535;

/** Options for {@linkcode slipCodec}. */
export interface SlipCodecOptions {
  /**
   * The longest packet, in bytes before escaping; `Infinity` for no limit.
   *
   * @default {65535}
   */
  readonly maxLength?: number;
  /**
   * Whether a byte that must not follow an escape is taken as it is, as the code in RFC 1055 does,
   * instead of making the packet a bad one.
   *
   * @default {false}
   */
  readonly lenient?: boolean;
}

const CHECKS: OptionTable<SlipCodecOptions> = {
  maxLength: check.wholeNumberOrInfinity(1),
  lenient: check.flag,
};

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/**
 * SLIP (RFC 1055): packets between END bytes, in which END and ESC are escaped.
 *
 * ```text
 * END <packet> END          END inside: ESC ESC_END          ESC inside: ESC ESC_ESC
 * 0xC0         0xC0                     0xDB 0xDC                        0xDB 0xDD
 * ```
 *
 * A written packet also begins with END, which ends any noise before it. Nothing between two ENDs
 * is no packet, so an empty one cannot be sent. Bad and recoverable: a packet that is too long (it
 * is dropped as it arrives), and a bad escape. A packet without escapes is not copied in either
 * direction.
 *
 * @example Reading and writing
 * ```ts
 * import { slipCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = slipCodec();
 * const reader = new FrameReader(codec);
 * reader.feedData(new Uint8Array([0xc0, 1, 0xdb, 0xdc, 2, 0xc0]));
 * assertEquals(reader.next(), new Uint8Array([1, 0xc0, 2]));
 * assertEquals(codec.encode(new Uint8Array([0xc0])), new Uint8Array([0xc0, 0xdb, 0xdc, 0xc0]));
 * ```
 *
 * @param options The limit, and how bad escapes are taken.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If the limit is out of range.
 */
export function slipCodec(options: SlipCodecOptions = {}): Codec<Bytes, Uint8Array> {
  checkOptions("use slipCodec", options, CHECKS);
  const { maxLength = DEFAULT_MAX_SLIP_LENGTH, lenient = false } = options;
  return packetCodec({
    delimiter: END,
    maxLength,
    // Every byte may be escaped.
    maxEncoded: 2 * maxLength,
    encode: encodeSlip,
    decode: (escaped) => decodeSlip(escaped, lenient),
  });
}

function encodeSlip(packet: Uint8Array): EncodedMessage {
  if (packet.length === 0) {
    throw new FrameEncodeError("Cannot encode message: SLIP has no empty packet");
  }
  const escapes = countEscapes(packet);
  const isLarge = escapes === 0 && packet.length > COPY_LIMIT;
  return isLarge ? [Uint8Array.of(END), packet, Uint8Array.of(END)] : escape(packet, escapes);
}

function decodeSlip(escaped: Bytes, isLenient: boolean): Bytes {
  let from = escaped.indexOf(ESC);
  if (from === -1) return escaped;
  let length = from;
  for (; from < escaped.length; from++) {
    let byte = escaped[from] ?? 0;
    if (byte === ESC) byte = meant(escaped[++from], isLenient);
    // In place: there are never more of them.
    escaped[length++] = byte;
  }
  return copyOf(escaped, 0, length);
}

/** The byte that a byte after ESC means. */
function meant(byte: number | undefined, isLenient: boolean): number {
  if (byte === ESC_END) return END;
  if (byte === ESC_ESC) return ESC;
  if (isLenient && byte !== undefined) return byte;
  const found = byte === undefined ? "the end of the packet" : `byte 0x${byte.toString(16)}`;
  throw new FrameDecodeError(`Cannot decode SLIP packet: ${found} follows an escape`, {
    recoverable: true,
  });
}

function countEscapes(packet: Uint8Array): number {
  let count = 0;
  for (const byte of packet) if (byte === END || byte === ESC) count++;
  return count;
}

function escape(packet: Uint8Array, escapes: number): Bytes {
  const escaped = new Uint8Array(packet.length + escapes + 2);
  let length = 0;
  escaped[length++] = END;
  for (const byte of packet) {
    if (byte === END || byte === ESC) {
      escaped[length++] = ESC;
      escaped[length++] = byte === END ? ESC_END : ESC_ESC;
    } else escaped[length++] = byte;
  }
  escaped[length] = END;
  return escaped;
}
