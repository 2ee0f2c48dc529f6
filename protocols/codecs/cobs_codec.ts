import type { Codec } from "../framing/codec.ts";
import { type Bytes, copyOf } from "../bytes.ts";
import { packetCodec } from "./_packet_codec.ts";
import { FrameDecodeError } from "../errors.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";

/** The default of `maxLength`, in bytes: as for SLIP, which serves the same lines. */
const DEFAULT_MAX_COBS_LENGTH = 65_535;

/** Options for {@linkcode cobsCodec}. */
export interface CobsCodecOptions {
  /**
   * The longest packet, in bytes before encoding; `Infinity` for no limit.
   *
   * @default {65535}
   */
  readonly maxLength?: number;
}

const CHECKS: OptionTable<CobsCodecOptions> = { maxLength: check.wholeNumberOrInfinity(1) };

/** The longest run of bytes after one code. */
const LONGEST_RUN = 254;

/**
 * COBS (Cheshire and Baker, 1999): packets that end with a zero byte and hold none, at the price of
 * at most one byte in 254.
 *
 * ```text
 * 11 22 00 33  ->  03 11 22  02 33  00       each code: how far to the next zero
 * ```
 *
 * Nothing between two zeros is no packet; an empty packet is `01 00`. Bad and recoverable: a packet
 * that is too long (it is dropped as it arrives), and a code that leads beyond the packet's end.
 *
 * @example Reading and writing
 * ```ts
 * import { cobsCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = cobsCodec();
 * const encoded = new Uint8Array([3, 0x11, 0x22, 2, 0x33, 0]);
 * assertEquals(codec.encode(new Uint8Array([0x11, 0x22, 0, 0x33])), encoded);
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(encoded);
 * assertEquals(reader.next(), new Uint8Array([0x11, 0x22, 0, 0x33]));
 * ```
 *
 * @param options The limit.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If it is out of range.
 */
export function cobsCodec(options: CobsCodecOptions = {}): Codec<Bytes, Uint8Array> {
  checkOptions("use cobsCodec", options, CHECKS);
  const { maxLength = DEFAULT_MAX_COBS_LENGTH } = options;
  return packetCodec({
    delimiter: 0,
    maxLength,
    maxEncoded: maxLength + codesFor(maxLength),
    encode: encodeCobs,
    decode: decodeCobs,
  });
}

/** The most codes that a packet of so many bytes can need. */
function codesFor(length: number): number {
  return Math.floor(length / LONGEST_RUN) + 1;
}

function encodeCobs(packet: Uint8Array): Bytes {
  const encoded = new Uint8Array(packet.length + codesFor(packet.length) + 1);
  let length = 0;
  for (let from = 0; from <= packet.length;) {
    const zero = packet.subarray(from, from + LONGEST_RUN).indexOf(0);
    const run = zero === -1 ? Math.min(LONGEST_RUN, packet.length - from) : zero;
    encoded[length++] = run + 1;
    encoded.set(packet.subarray(from, from + run), length);
    length += run;
    // A full run has no zero after it; at the end of the packet nothing follows it.
    from += run === LONGEST_RUN ? run : run + 1;
    if (run === LONGEST_RUN && from === packet.length) break;
  }
  return encoded.subarray(0, length + 1);
}

function decodeCobs(encoded: Bytes): Bytes {
  const packet = new Uint8Array(encoded.length);
  let length = 0;
  for (let from = 0; from < encoded.length;) {
    const code = encoded[from] ?? 0;
    const end = from + code;
    if (end > encoded.length) {
      throw new FrameDecodeError(
        `Cannot decode COBS packet: code ${code} leads ${
          end - encoded.length
        } bytes beyond its end`,
        { recoverable: true },
      );
    }
    packet.set(encoded.subarray(from + 1, end), length);
    length += code - 1;
    if (code <= LONGEST_RUN && end < encoded.length) length++;
    from = end;
  }
  return copyOf(packet, 0, length);
}
