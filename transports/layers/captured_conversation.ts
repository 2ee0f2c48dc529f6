import type { PacketSpace, PcapngWriter } from "./pcapng_writer.ts";

/** The most payload in one packet, in bytes: with headers it stays below the 64 KiB of an IP packet. */
const LARGEST_SEGMENT = 65_000;
/** After so many bytes without an answer the other end acknowledges them, in bytes: far below the window. */
const ACK_AFTER = 1_048_576;
/** Options of the first packets: the longest segment, and "window scale", padded: windows count in units of 16 KiB. */
const SYN_OPTIONS = [2, 4, LARGEST_SEGMENT >> 8, LARGEST_SEGMENT & 255, 1, 3, 3, 14];
const TCP_HEADER = 20;
const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16];
const TCP = 6;

/** One end of a conversation, as it appears in the capture. */
export interface CapturedEnd {
  /** 4 or 16 bytes; the other end has as many. */
  readonly ip: Uint8Array;
  /** The port. */
  readonly port: number;
}

/** Which end a packet comes from. */
export type Sender = "local" | "peer";

/** How far one end has come. */
interface Progress extends CapturedEnd {
  /** The sequence number of its next byte. */
  sequence: number;
  /** How much of what it sent the other end has not acknowledged. */
  unanswered: number;
  isEnded: boolean;
}

/** Makes the packets that a TCP connection with these bytes might have had. */
export class CapturedConversation {
  readonly #writer: PcapngWriter;
  readonly #ends: Readonly<Record<Sender, Progress>>;
  #isOver = false;

  /** Begins with {@linkcode open}. The sequence numbers of the first bytes are one above those given. */
  constructor(
    writer: PcapngWriter,
    local: CapturedEnd & { readonly sequence: number },
    peer: CapturedEnd & { readonly sequence: number },
  ) {
    this.#writer = writer;
    this.#ends = {
      local: { ...local, unanswered: 0, isEnded: false },
      peer: { ...peer, unanswered: 0, isEnded: false },
    };
  }

  /** The handshake. */
  open(initiator: Sender, comment?: string): void {
    const other = otherOf(initiator);
    this.#addPacket(initiator, SYN, undefined, comment);
    this.#addPacket(other, SYN | ACK);
    this.#addPacket(initiator, ACK);
  }

  /** Bytes of one end: in several packets if need be, the last of which is marked with PSH. */
  data(sender: Sender, bytes: Uint8Array): void {
    if (this.#isOver || this.#ends[sender].isEnded) return;
    for (let start = 0; start < bytes.length; start += LARGEST_SEGMENT) {
      const end = start + LARGEST_SEGMENT;
      this.#addPacket(sender, end < bytes.length ? ACK : PSH | ACK, bytes.subarray(start, end));
      if (this.#ends[sender].unanswered >= ACK_AFTER) this.#addPacket(otherOf(sender), ACK);
    }
  }

  /** The end of one direction. */
  end(sender: Sender): void {
    const end = this.#ends[sender];
    if (this.#isOver || end.isEnded) return;
    end.isEnded = true;
    this.#addPacket(sender, FIN | ACK);
  }

  /** The end of both directions; of those that were not ended by themselves, ours first. */
  close(): void {
    if (this.#isOver) return;
    const last: Sender = this.#ends.peer.isEnded && !this.#ends.local.isEnded ? "local" : "peer";
    this.end("local");
    this.end("peer");
    this.#addPacket(otherOf(last), ACK);
    this.#isOver = true;
  }

  /** One end gives up. */
  reset(sender: Sender): void {
    if (this.#isOver) return;
    this.#addPacket(sender, RST | ACK);
    this.#isOver = true;
  }

  #addPacket(sender: Sender, flags: number, payload?: Uint8Array, comment?: string): void {
    const from = this.#ends[sender];
    const to = this.#ends[otherOf(sender)];
    const size = payload?.length ?? 0;
    const options = flags & SYN ? SYN_OPTIONS : [];
    const ipHeader = from.ip.length === 4 ? 20 : 40;
    const segment = TCP_HEADER + options.length + size;
    const direction = sender === "local" ? "sent" : "received";
    this.#writer.addPacket(
      { length: ipHeader + segment, direction, ...(comment !== undefined && { comment }) },
      ({ buffer, offset }) => {
        const view = new DataView(buffer, offset, ipHeader + segment);
        writeIpHeader(view, from.ip, to.ip, segment);
        const tcp = ipHeader;
        view.setUint16(tcp, from.port);
        view.setUint16(tcp + 2, to.port);
        view.setUint32(tcp + 4, from.sequence);
        if (flags & ACK) view.setUint32(tcp + 8, to.sequence);
        view.setUint8(tcp + 12, (TCP_HEADER + options.length) << 2);
        view.setUint8(tcp + 13, flags);
        view.setUint16(tcp + 14, 65_535);
        const bytes = new Uint8Array(buffer, offset);
        bytes.set(options, tcp + TCP_HEADER);
        if (payload !== undefined) bytes.set(payload, tcp + TCP_HEADER + options.length);
        writeTcpChecksum({ buffer, offset }, ipHeader, segment);
      },
    );
    const advance = size + (flags & (SYN | FIN) ? 1 : 0);
    from.sequence = (from.sequence + advance) >>> 0;
    from.unanswered += advance;
    if (flags & ACK) to.unanswered = 0;
  }
}

function otherOf(sender: Sender): Sender {
  return sender === "local" ? "peer" : "local";
}

function writeIpHeader(view: DataView, from: Uint8Array, to: Uint8Array, segment: number): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset);
  if (from.length === 16) {
    view.setUint8(0, 0x60);
    view.setUint16(4, segment);
    view.setUint8(6, TCP);
    view.setUint8(7, 64);
    bytes.set(from, 8);
    bytes.set(to, 24);
    return;
  }
  view.setUint8(0, 0x45);
  view.setUint16(2, 20 + segment);
  // Not to be cut into fragments.
  view.setUint8(6, 0x40);
  view.setUint8(8, 64);
  view.setUint8(9, TCP);
  bytes.set(from, 12);
  bytes.set(to, 16);
  view.setUint16(10, checksum(sum(view.buffer, view.byteOffset, 20)), true);
}

/** The checksum covers addresses, protocol and length as well. What stands behind the segment is zeros, up to 4 bytes. */
function writeTcpChecksum(
  { buffer, offset }: PacketSpace,
  ipHeader: number,
  segment: number,
): void {
  const addresses = ipHeader === 20 ? 8 : 32;
  const total = sum(buffer, offset + ipHeader - addresses, addresses) +
    swap(TCP) + swap(segment) + sum(buffer, offset + ipHeader, segment);
  new DataView(buffer, offset + ipHeader).setUint16(16, checksum(total), true);
}

/**
 * Adds up memory as 32-bit words of this machine's byte order, up to the next multiple of 4 bytes. Such a sum is as good as
 * one of 16-bit words, for 2^16 is 1 modulo 65,535, and its bytes come out in the order they went in (RFC 1071).
 */
function sum(buffer: ArrayBufferLike, offset: number, length: number): number {
  const words = new Uint32Array(buffer, offset, (length + 3) >> 2);
  let total = 0;
  for (let i = 0; i < words.length; i++) total += words[i] ?? 0;
  return total;
}

function checksum(total: number): number {
  const folded = total % 65_535;
  return 65_535 ^ (folded === 0 && total > 0 ? 65_535 : folded);
}

function swap(value: number): number {
  return (value & 255) << 8 | value >> 8;
}
