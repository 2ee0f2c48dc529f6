import type { PcapngWriter } from "./pcapng_writer.ts";
import type { IpEnd } from "../../core/ip_address.ts";
import { SegmentHead } from "./segment_head.ts";

/**
 * The most payload in one packet, in bytes: with headers it stays below the 64 KiB of an IP packet.
 */
const LARGEST_SEGMENT = 65_000;
/**
 * After so many bytes without an answer the other end acknowledges them, in bytes: far below the
 * window.
 */
const ACK_AFTER = 1_048_576;
const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16];

/**
 * The longest payload of a packet that networks carry, in bytes: jumbo frames of 9,000, less the
 * headers of IPv6 and TCP.
 */
const LARGEST_ON_WIRE = 8940;
/**
 * Of the option `epb_flags`: "checksum not ready" and "TCP segmentation offloaded", both left to
 * the network card.
 */
const OFFLOADED = 1 << 9 | 1 << 11;

/** Which end a packet comes from. */
export type Sender = "local" | "peer";

/** How far one end has come. */
interface Progress {
  /** The start of its packets. */
  readonly head: SegmentHead;
  /** Which way they go, as in the option `epb_flags`: 1 in, 2 out. */
  readonly direction: number;
  /** The sequence number of its next byte. */
  sequence: number;
  /** How much of what it sent the other end has not acknowledged. */
  unanswered: number;
  isEnded: boolean;
}

/**
 * Makes the packets that a TCP connection with these bytes might have had. Those that are longer
 * than networks carry look as in captures of a loopback device, where cutting and checksums are
 * left to a card that never comes: summing up all bytes would cost more than all else that is done
 * to them.
 */
export class CapturedConversation {
  readonly #writer: PcapngWriter;
  readonly #ends: Readonly<Record<Sender, Progress>>;
  #isOver = false;

  /**
   * Begins with {@linkcode open}. The sequence numbers of the first bytes are one above those
   * given.
   */
  constructor(
    writer: PcapngWriter,
    local: IpEnd & { readonly sequence: number },
    peer: IpEnd & { readonly sequence: number },
  ) {
    this.#writer = writer;
    const begin = { unanswered: 0, isEnded: false };
    const [sent, received] = [new SegmentHead(local, peer), new SegmentHead(peer, local)];
    this.#ends = {
      local: { ...begin, head: sent, direction: 2, sequence: local.sequence },
      peer: { ...begin, head: received, direction: 1, sequence: peer.sequence },
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
      const part = bytes.length > LARGEST_SEGMENT ? bytes.subarray(start, end) : bytes;
      this.#addPacket(sender, end < bytes.length ? ACK : PSH | ACK, part);
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
    const { head } = from;
    const length = head.lengthOf(flags) + size;
    const isOffloaded = size > LARGEST_ON_WIRE;
    const packetFlags = isOffloaded ? from.direction | OFFLOADED : from.direction;
    const at = this.#writer.beginPacket(length, packetFlags, comment);
    if (at !== null) {
      const { slab } = this.#writer;
      head.write(slab, at, { length, flags, sequence: from.sequence, acknowledged: to.sequence });
      if (payload !== undefined) slab.bytes.set(payload, at + length - size);
      head.addChecksum(slab, at, length, isOffloaded);
    }
    const advance = size + (flags & (SYN | FIN) ? 1 : 0);
    from.sequence = (from.sequence + advance) >>> 0;
    from.unanswered += advance;
    if (flags & ACK) to.unanswered = 0;
  }
}

function otherOf(sender: Sender): Sender {
  return sender === "local" ? "peer" : "local";
}
