import type { Bytes } from "../../../protocols/bytes.ts";
import type { IpEnd } from "../../core/ip_address.ts";
import { CaptureSlab } from "./_capture_slab.ts";

const TCP = 6;
const TCP_HEADER = 20;
const [IPV4_HEADER, IPV6_HEADER] = [20, 40];
const [SYN, ACK] = [2, 16];
/**
 * Options of the first packets: segments of 65,000 bytes, and "window scale", padded: windows count
 * in units of 16 KiB.
 */
const SYN_OPTIONS = [2 << 24 | 4 << 16 | 65_000, 1 << 24 | 3 << 16 | 3 << 8 | 14];

/** The fields that differ from one segment to the next. */
interface Segment {
  /** From the IP header to the end of the payload, in bytes. */
  readonly length: number;
  /** Those of TCP. */
  readonly flags: number;
  /** Of its first byte. */
  readonly sequence: number;
  /** Of the byte that the sender waits for; of no meaning without ACK. */
  readonly acknowledged: number;
}

/** The headers of all TCP segments that one end sends the other. */
export class SegmentHead {
  readonly #template: Bytes;
  readonly #isV4: boolean;
  // Sums of the constant part of each IP header, and of TCP's pseudo header without the length.
  readonly #ipSum: number;
  readonly #pseudoSum: number;

  /** Of what `from` sends `to`: their addresses are of the same kind. */
  constructor(from: IpEnd, to: IpEnd) {
    this.#isV4 = from.ip.length === 4;
    const ip = this.#isV4 ? IPV4_HEADER : IPV6_HEADER;
    const slab = new CaptureSlab(new ArrayBuffer(ip + TCP_HEADER));
    const { bytes, view } = slab;
    const addresses = this.#isV4 ? 12 : 8;
    if (this.#isV4) {
      view.setUint8(0, 0x45);
      // Not to be cut into fragments.
      view.setUint8(6, 0x40);
      view.setUint8(8, 64);
      view.setUint8(9, TCP);
    } else {
      view.setUint8(0, 0x60);
      view.setUint8(6, TCP);
      view.setUint8(7, 64);
    }
    bytes.set(from.ip, addresses);
    bytes.set(to.ip, addresses + from.ip.length);
    view.setUint16(ip, from.port);
    view.setUint16(ip + 2, to.port);
    view.setUint16(ip + 14, 65_535);
    this.#template = bytes;
    this.#ipSum = slab.sum(0, ip);
    this.#pseudoSum = slab.sum(addresses, ip - addresses) + swap(TCP);
  }

  /** How long the headers of a segment are, in bytes. */
  lengthOf(flags: number): number {
    return this.#template.length + (flags & SYN ? 4 * SYN_OPTIONS.length : 0);
  }

  /** Writes the headers of a segment; its checksum comes when the payload is there. */
  write({ bytes, view }: CaptureSlab, at: number, segment: Segment): void {
    const { length, flags, sequence, acknowledged } = segment;
    const ip = this.#template.length - TCP_HEADER;
    bytes.set(this.#template, at);
    if (this.#isV4) {
      view.setUint16(at + 2, length);
      view.setUint16(at + 10, checksum(this.#ipSum + swap(length)), true);
    } else view.setUint16(at + 4, length - ip);
    const tcp = at + ip;
    view.setUint32(tcp + 4, sequence);
    if (flags & ACK) view.setUint32(tcp + 8, acknowledged);
    view.setUint16(tcp + 12, (this.lengthOf(flags) - ip) << 10 | flags);
    if (flags & SYN) {
      SYN_OPTIONS.forEach((option, index) => view.setUint32(tcp + TCP_HEADER + 4 * index, option));
    }
  }

  /**
   * Writes the checksum of the segment at `at`, which up to 3 zero bytes follow. If it is left to a
   * network card, the field gets the sum of the pseudo header, to which the card adds.
   */
  addChecksum(slab: CaptureSlab, at: number, length: number, isOffloaded: boolean): void {
    const ip = this.#template.length - TCP_HEADER;
    const pseudo = this.#pseudoSum + swap(length - ip);
    const value = isOffloaded ? fold(pseudo) : checksum(pseudo + slab.sum(at + ip, length - ip));
    slab.view.setUint16(at + ip + 16, value, true);
  }
}

function checksum(total: number): number {
  return 65_535 ^ fold(total);
}

/** The same sum in 16 bits. */
function fold(total: number): number {
  const folded = total % 65_535;
  return folded === 0 && total > 0 ? 65_535 : folded;
}

/** A number that stands in memory with its upper byte first, as this machine reads it. */
function swap(value: number): number {
  return (value & 255) << 8 | value >> 8;
}
