import type { NetAddress } from "../../protocols/facts/address.ts";
import { CaptureFormatError } from "../../protocols/errors.ts";
import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";
import { formatIp } from "../../transports/core/ip_address.ts";
import { type CapturedPacket, readPcapng } from "./_pcapng_reader.ts";

const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16];
const TCP = 6;

/** Bytes that were received or written at once. */
export interface CapturedChunk {
  /** Whether they were received or sent by the program that captured them. */
  readonly direction: "received" | "sent";
  /** The bytes. */
  readonly bytes: Bytes;
  /** When they passed, in milliseconds since 1970. */
  readonly time: number;
}

/** The captured traffic of one connection. */
export interface CapturedConnection {
  /** The address of the program that captured it. */
  readonly local: NetAddress;
  /** The address of the other end. */
  readonly peer: NetAddress;
  /** The names of both ends, where the addresses are made up; else `null`. */
  readonly comment: string | null;
  /** All that was received and sent, in order and cut as it was. */
  readonly chunks: readonly CapturedChunk[];
  /** Which directions came to their end. */
  readonly ended: { readonly received: boolean; readonly sent: boolean };
  /** Whether one end gave the connection up. */
  readonly isReset: boolean;
}

interface Segment {
  readonly local: NetAddress;
  readonly peer: NetAddress;
  readonly sequence: number;
  readonly flags: number;
  readonly payload: Bytes;
}

/**
 * Reads a file that `Capture` has written, or that Wireshark has saved of it: every connection,
 * with its chunks as they were.
 *
 * @param file The whole file.
 * @returns The connections, in the order in which they were made.
 * @throws {CaptureFormatError} If it is something else, is cut off, or if packets are missing.
 *
 * @example What was received
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { Capture } from "@sluice/net/layers";
 * import { readCapture } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const pieces: Uint8Array<ArrayBuffer>[] = [];
 * const capture = new Capture((bytes) => pieces.push(bytes));
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}), { layers: [capture.layer] });
 * a.transport.write("hello");
 * a.transport.close();
 * await b.transport.closed;
 * await capture.close();
 * const [, received] = readCapture(await new Blob(pieces).bytes());
 * assertEquals(new TextDecoder().decode(received?.chunks[0]?.bytes), "hello");
 * assertEquals(received?.ended, { received: true, sent: true });
 * ```
 */
export function readCapture(file: Bytes): CapturedConnection[] {
  const connections: Connection[] = [];
  const latest = new Map<string, Connection>();
  for (const packet of readPcapng(file)) {
    const segment = readSegment(packet);
    const key = [segment.local, segment.peer].map((end) => `${end.hostname} ${end.port}`).join();
    if ((segment.flags & (SYN | ACK)) === SYN) {
      const connection = new Connection(segment, packet.comment);
      connections.push(connection);
      latest.set(key, connection);
    }
    const connection = latest.get(key);
    if (connection === undefined) {
      throw new CaptureFormatError(packet.offset, "a connection without its beginning");
    }
    connection.add(packet, segment);
  }
  return connections;
}

/** Puts the segments of one connection together again. */
class Connection implements CapturedConnection {
  readonly local: NetAddress;
  readonly peer: NetAddress;
  readonly comment: string | null;
  readonly chunks: CapturedChunk[] = [];
  readonly ended = { received: false, sent: false };
  isReset = false;
  readonly #expected: { received: number | null; sent: number | null } = {
    received: null,
    sent: null,
  };
  readonly #parts: { received: Bytes[]; sent: Bytes[] } = { received: [], sent: [] };

  constructor({ local, peer }: Segment, comment: string | null) {
    this.local = local;
    this.peer = peer;
    this.comment = comment;
  }

  add({ offset, direction, microseconds }: CapturedPacket, segment: Segment): void {
    if (direction === null) throw new CaptureFormatError(offset, "the direction is not told");
    const { flags, payload, sequence } = segment;
    const expected = this.#expected[direction];
    if (flags & SYN ? expected !== null : expected !== sequence) {
      throw new CaptureFormatError(offset, "packets are missing, or are there twice");
    }
    const length = payload.length + (flags & (SYN | FIN) ? 1 : 0);
    this.#expected[direction] = (sequence + length) >>> 0;
    if (payload.length > 0) this.#addPart(direction, payload, microseconds / 1000, flags);
    if (flags & FIN) this.ended[direction] = true;
    if (flags & RST) this.isReset = true;
  }

  #addPart(direction: "received" | "sent", part: Bytes, time: number, flags: number): void {
    const parts = this.#parts[direction];
    parts.push(part);
    if (!(flags & PSH)) return;
    this.chunks.push({ direction, bytes: copyOf(joinBytes(parts)), time });
    parts.length = 0;
  }
}

function readSegment({ offset, bytes, direction }: CapturedPacket): Segment {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string) => new CaptureFormatError(offset, what);
  if (bytes.length < 20) throw fail("an IP packet is cut off");
  const isV4 = view.getUint8(0) >> 4 === 4;
  const header = isV4 ? (view.getUint8(0) & 15) * 4 : 40;
  const length = isV4 ? view.getUint16(2) : 40 + view.getUint16(4);
  if (!isV4 && view.getUint8(0) >> 4 !== 6) throw fail("a packet is no IP packet");
  if (length !== bytes.length || length < header + 20) throw fail("an IP packet is cut off");
  if (view.getUint8(isV4 ? 9 : 6) !== TCP) throw fail("a packet is no TCP packet");
  const ips = isV4
    ? [bytes.subarray(12, 16), bytes.subarray(16, 20)]
    : [bytes.subarray(8, 24), bytes.subarray(24, 40)];
  const data = header + (view.getUint8(header + 12) >> 4) * 4;
  if (data > length) throw fail("a TCP header is cut off");
  const [from, to] = ips.map((ip, index): NetAddress => ({
    transport: "tcp",
    hostname: formatIp(ip),
    port: view.getUint16(header + 2 * index),
  }));
  if (from === undefined || to === undefined) throw fail("an IP packet is cut off");
  return {
    local: direction === "sent" ? from : to,
    peer: direction === "sent" ? to : from,
    sequence: view.getUint32(header + 4),
    flags: view.getUint8(header + 13),
    payload: bytes.subarray(data),
  };
}
