import { SegmentHead } from "../../../transports/layers/capture/segment_head.ts";
import type { SegmentEvent } from "../trace.ts";
import type { IpEnd } from "../../../transports/core/ip_address.ts";

const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16];

/** A TCP packet that is to be written. */
export interface TcpPacket {
  /** Its headers. */
  readonly head: SegmentHead;
  /** The flags of TCP. */
  readonly flags: number;
  /** The number of its first byte. */
  readonly sequence: number;
  /** The number of the byte that its sender waits for. */
  readonly acknowledged: number;
  /** Its bytes. */
  readonly data: Uint8Array;
}

/** One end of a connection. */
interface Side {
  readonly head: SegmentHead;
  /** The sequence number before its first byte. */
  readonly initial: number;
  /** How many bytes it has sent, its end counted as one. */
  sent: number;
  /** How many it has received in order, its peer's end counted as one; -1 before the handshake. */
  received: number;
  /** Segments that came too early, by offset: the bytes, and whether the direction ends there. */
  readonly early: Map<number, number>;
}

const NO_BYTES = new Uint8Array();

/**
 * The packets of one connection. The world has no acknowledgements, so they are made up: one for
 * each segment that arrives in order.
 */
export class CapturedConnection {
  readonly #client: Side;
  readonly #server: Side;
  readonly #source: string;
  #isOver = false;

  /** Begins with a segment of it. */
  constructor(event: SegmentEvent, [from, to]: readonly [IpEnd, IpEnd]) {
    const isFromClient = event.segment !== "SYN-ACK";
    const [client, server] = isFromClient ? [from, to] : [to, from];
    this.#source = isFromClient ? event.source : event.destination;
    const first = Math.imul(event.connection, 0x9e3779b1) >>> 0;
    this.#client = newSide(client, server, first);
    this.#server = newSide(server, client, (first + 0x40000000) >>> 0);
  }

  /** Whether nothing more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The packet of a segment that leaves. */
  sent({ segment, source, offset, data }: SegmentEvent): TcpPacket {
    const side = this.#sideOf(source);
    if (segment === "RST") this.#isOver = true;
    const isSyn = segment === "SYN" || segment === "SYN-ACK";
    const position = isSyn ? -1 : offset;
    side.sent = Math.max(side.sent, position + data.length + (segment === "FIN" || isSyn ? 1 : 0));
    // The peer has seen nothing of a side that only refuses.
    const isRefusal = segment === "RST" && side.received < 0;
    const flags = flagsOf(segment);
    return {
      head: side.head,
      flags,
      sequence: isRefusal ? 0 : (side.initial + 1 + position) >>> 0,
      acknowledged: isRefusal ? this.#numberAfter(this.#peerOf(side), 0) : this.#acknowledged(side),
      data,
    };
  }

  /** The answer to a segment that has arrived, if there is one. */
  arrived({ segment, source, offset, data }: SegmentEvent): TcpPacket | null {
    const side = this.#peerOf(this.#sideOf(source));
    if (segment === "RST") return null;
    const before = side.received;
    if (segment === "SYN" || segment === "SYN-ACK") side.received = Math.max(0, before);
    else if (!this.#take(side, offset, data.length, segment === "FIN")) return null;
    // The answer to a SYN is a segment of its own.
    if (segment === "SYN" || side.received === before) return null;
    return {
      head: side.head,
      flags: ACK,
      sequence: this.#numberAfter(side, side.sent),
      acknowledged: this.#acknowledged(side),
      data: NO_BYTES,
    };
  }

  /** Takes what arrived, and what came too early. Returns whether it was the next in order. */
  #take(side: Side, offset: number, length: number, isEnd: boolean): boolean {
    const size = length + (isEnd ? 1 : 0);
    if (offset !== side.received) {
      if (offset > side.received) side.early.set(offset, size);
      return false;
    }
    side.received += size;
    for (;;) {
      const next = side.early.get(side.received);
      if (next === undefined) return true;
      side.early.delete(side.received);
      side.received += next;
    }
  }

  #sideOf(source: string): Side {
    return source === this.#source ? this.#client : this.#server;
  }

  #peerOf(side: Side): Side {
    return side === this.#client ? this.#server : this.#client;
  }

  #acknowledged(side: Side): number {
    return side.received < 0 ? 0 : this.#numberAfter(this.#peerOf(side), side.received);
  }

  #numberAfter(side: Side, bytes: number): number {
    return (side.initial + 1 + bytes) >>> 0;
  }
}

function newSide(from: IpEnd, to: IpEnd, initial: number): Side {
  return { head: new SegmentHead(from, to), initial, sent: 0, received: -1, early: new Map() };
}

function flagsOf(segment: SegmentEvent["segment"]): number {
  switch (segment) {
    case "SYN":
      return SYN;
    case "SYN-ACK":
      return SYN | ACK;
    case "FIN":
      return FIN | ACK;
    case "RST":
      return RST | ACK;
    default:
      return PSH | ACK;
  }
}
