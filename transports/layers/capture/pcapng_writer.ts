import { CaptureOverflowError } from "../../../protocols/errors.ts";
import { type Bytes, copyOf, joinBytes } from "../../../protocols/bytes.ts";
import { CaptureQueue, type CaptureWriter } from "./_capture_queue.ts";
import type { CaptureSlab } from "./_capture_slab.ts";

/** Packets begin with an IP header. */
const LINKTYPE_RAW = 101;
const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const NAME_RESOLUTION = 4;
const [NAME_OF_IPV4, NAME_OF_IPV6] = [1, 2];
const ENHANCED_PACKET = 6;
/** An enhanced packet block up to the packet, in bytes. */
const PACKET_HEAD = 28;
/** The head of the option `epb_flags`: its code, and the length of its value. */
const FLAGS_OPTION = 2 | 4 << 16;

function systemTime(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Writes a pcapng file: section header, one interface, packets. Bytes that the sink has not taken
 * yet are kept up to a limit, above which packets are dropped, and counted.
 *
 * ```text
 * type, length, contents padded to 4 bytes, options (code, length, value padded to 4 bytes)*, 0, length
 * ```
 */
export class PcapngWriter {
  readonly #queue: CaptureQueue;
  readonly #maxBuffer: number;
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  #dropped = 0;
  // Those that the file was not told of yet.
  #newlyDropped = 0;

  /**
   * Begins the file. `onError` is told once of a sink that fails, and once of packets that are
   * dropped. `now` is the time of a packet that begins, in milliseconds since 1970.
   */
  constructor(
    sink: CaptureWriter,
    maxBuffer: number,
    onError: (error: unknown) => void,
    now: () => number = systemTime,
  ) {
    this.#now = now;
    this.#queue = new CaptureQueue(sink, onError);
    this.#maxBuffer = maxBuffer;
    this.#onError = onError;
    this.#writeFileHead();
  }

  /** How many packets were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many bytes the sink has not taken yet. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** The memory that the packet begun last is written into. */
  get slab(): CaptureSlab {
    return this.#queue.slab;
  }

  /**
   * Adds a packet, or drops it if too much waits for the sink.
   *
   * @param length How long it is, with its headers, in bytes.
   * @param flags Which way it goes and more, as in the option `epb_flags`.
   * @param comment A remark that is shown with it.
   * @returns Where in the slab it is to be written before this turn ends, a multiple of 4; the
   * padding after it is there.
   *   `null` if it is not wanted.
   */
  beginPacket(length: number, flags: number, comment?: string): number | null {
    if (this.#queue.isStopped) return null;
    if (this.#queue.size > this.#maxBuffer) return this.#drop();
    const notes = this.#takeNotes(comment);
    const notesLength = notes === null ? 0 : notes.length;
    const padded = padToWords(length);
    const block = this.#beginBlock(ENHANCED_PACKET, PACKET_HEAD + padded + 12 + notesLength + 4);
    const { view, bytes } = this.#queue.slab;
    view.setUint32(block + 8, 0, true);
    this.#setTime(block + 12);
    view.setUint32(block + 20, length, true);
    view.setUint32(block + 24, length, true);
    const packet = block + PACKET_HEAD;
    const end = packet + padded;
    if (padded > length) view.setUint32(end - 4, 0, true);
    view.setUint32(end, FLAGS_OPTION, true);
    view.setUint32(end + 4, flags, true);
    if (notes !== null) bytes.set(notes, end + 8);
    view.setUint32(end + 8 + notesLength, 0, true);
    return packet;
  }

  /** Gives an IPv4 or IPv6 address a name, which programs show instead of it. */
  addName(ip: Uint8Array, name: string): void {
    if (this.#queue.isStopped) return;
    const record = joinBytes([copyOf(ip), new TextEncoder().encode(`${name}\0`)]);
    const padded = padToWords(record.length);
    // One record and an empty one, which is the last.
    const block = this.#beginBlock(NAME_RESOLUTION, 8 + 4 + padded + 4 + 4);
    const { view, bytes } = this.#queue.slab;
    view.setUint16(block + 8, ip.length === 4 ? NAME_OF_IPV4 : NAME_OF_IPV6, true);
    view.setUint16(block + 10, record.length, true);
    bytes.fill(0, block + 12, block + 12 + padded + 4);
    bytes.set(record, block + 12);
  }

  /** Waits until the sink has taken everything, or has failed. */
  flush(): Promise<void> {
    return this.#queue.flush();
  }

  /** Ends the file: waits until the sink has taken everything and is closed. Never rejects. */
  close(): Promise<void> {
    if (!this.#queue.isStopped) this.#writeStatistics();
    return this.#queue.close();
  }

  #writeFileHead(): void {
    const application = encodeOption(4, "Sluice");
    const block = this.#beginBlock(SECTION_HEADER, 24 + application.length + 4 + 4);
    const { view, bytes } = this.#queue.slab;
    view.setUint32(block + 8, BYTE_ORDER_MAGIC, true);
    view.setUint32(block + 12, 1, true);
    // The length of the section is not known in advance.
    view.setBigInt64(block + 16, -1n, true);
    bytes.set(application, block + 24);
    const description = this.#beginBlock(INTERFACE_DESCRIPTION, 20);
    view.setUint16(description + 8, LINKTYPE_RAW, true);
  }

  /** How many packets were dropped, if any. */
  #writeStatistics(): void {
    if (this.#dropped === 0) return;
    const dropped = encodeOption(5, this.#dropped);
    const block = this.#beginBlock(INTERFACE_STATISTICS, 20 + dropped.length + 4 + 4);
    const { view, bytes } = this.#queue.slab;
    view.setUint32(block + 8, 0, true);
    this.#setTime(block + 12);
    bytes.set(dropped, block + 20);
    view.setUint32(block + 20 + dropped.length, 0, true);
  }

  /**
   * Makes room for a block, a multiple of 4 bytes long, and writes its type and both of its
   * lengths.
   */
  #beginBlock(type: number, length: number): number {
    const block = this.#queue.reserve(length);
    const { view } = this.#queue.slab;
    view.setUint32(block, type, true);
    view.setUint32(block + 4, length, true);
    view.setUint32(block + length - 4, length, true);
    return block;
  }

  /** When this is: microseconds since 1970, the upper half first. */
  #setTime(at: number): void {
    const microseconds = Math.floor(this.#now() * 1000);
    this.#queue.slab.view.setUint32(at, Math.floor(microseconds / 2 ** 32), true);
    this.#queue.slab.view.setUint32(at + 4, microseconds % 2 ** 32, true);
  }

  /** Options that few packets have: a comment, and how many before it were dropped. */
  #takeNotes(comment: string | undefined): Bytes | null {
    if (comment === undefined && this.#newlyDropped === 0) return null;
    const notes = comment === undefined ? [] : [encodeOption(1, comment)];
    if (this.#newlyDropped > 0) notes.push(encodeOption(4, this.#newlyDropped));
    this.#newlyDropped = 0;
    return joinBytes(notes);
  }

  #drop(): null {
    if (this.#dropped === 0) {
      this.#onError(new CaptureOverflowError(this.#queue.size, this.#maxBuffer));
    }
    this.#dropped++;
    this.#newlyDropped++;
    return null;
  }
}

/**
 * An option of a pcapng block: code, length, value padded to 4 bytes.
 *
 * @param code Which one it is.
 * @param value Text, or a number of 64 bits.
 */
function encodeOption(code: number, value: string | number): Bytes {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : encodeNumber(value);
  const option = new Uint8Array(4 + padToWords(bytes.length));
  const view = new DataView(option.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, bytes.length, true);
  option.set(bytes, 4);
  return option;
}

/** The next multiple of 4. */
function padToWords(length: number): number {
  return length + 3 & ~3;
}

function encodeNumber(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
