import type { Bytes } from "../../protocols/contract.ts";
import { CaptureOverflowError } from "../../protocols/errors.ts";
import { flushSoon } from "../flush_scheduler.ts";
import { joinBytes } from "../join_bytes.ts";
import { CaptureSlab } from "./capture_slab.ts";
import { encodeOption, padToWords } from "./pcapng_options.ts";

/** Blocks are gathered in pieces of this size, in bytes. */
const SLAB_SIZE = 1_048_576;
/** How many slabs are kept for later, at most. */
const MOST_SPARE_SLABS = 8;
/**
 * How long a sink that gives memory back is left alone after it took something, unless a slab gets full, in milliseconds: a file is
 * written to by another thread, whose waking costs as much as the making of dozens of packets.
 */
const REST_MS = 10;
/** Packets begin with an IP header. */
const LINKTYPE_RAW = 101;
const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
/** An enhanced packet block up to the packet, in bytes. */
const PACKET_HEAD = 28;
/** The head of the option `epb_flags`: its code, and the length of its value. */
const FLAGS_OPTION = 2 | 4 << 16;

/** Takes a capture, piece by piece. */
export interface CaptureWriter {
  /** Whether it has no use for the bytes any more when `write` is done with them: then their memory is written to again. */
  readonly givesBack?: boolean;
  /** Takes the next bytes; the next call comes when it is done with them. */
  write(bytes: Bytes): void | Promise<void>;
  /** Nothing more comes. */
  close(): void | Promise<void>;
}

/**
 * Writes a pcapng file: section header, one interface, packets. What is captured in one turn of the event loop, or in some
 * milliseconds, goes to the sink together. What the sink has not taken yet is kept up to a limit, above which packets are dropped, and counted.
 *
 * ```text
 * type, length, contents padded to 4 bytes, options (code, length, value padded to 4 bytes)*, 0, length
 * ```
 */
export class PcapngWriter {
  readonly #sink: CaptureWriter;
  readonly #maxBuffer: number;
  readonly #onError: (error: unknown) => void;
  readonly #epoch = performance.timeOrigin;
  readonly #flushable = { flush: () => this.#begin() };
  // Slabs that are full, each from where it has not been given to the sink, and those that can be filled again.
  readonly #full: Bytes[] = [];
  readonly #spare: CaptureSlab[] = [];
  #slab = new CaptureSlab(new ArrayBuffer(SLAB_SIZE));
  // Where in the slab begins what the sink was not given, and where it ends.
  #start = 0;
  #end = 0;
  #waiting = 0;
  #isScheduled = false;
  #isWriting = false;
  // Somebody waits until everything is written.
  #isAwaited = false;
  #endRest: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #isStopped = false;
  #dropped = 0;
  // Those that the file was not told of yet.
  #newlyDropped = 0;

  /** Begins the file. `onError` is told once of a sink that fails, and once of packets that are dropped. */
  constructor(sink: CaptureWriter, maxBuffer: number, onError: (error: unknown) => void) {
    this.#sink = sink;
    this.#maxBuffer = maxBuffer;
    this.#onError = onError;
    this.#writeFileHead();
  }

  /** How many packets were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What the packet that was begun last is written into. */
  get slab(): CaptureSlab {
    return this.#slab;
  }

  /**
   * Adds a packet, or drops it if too much waits for the sink.
   *
   * @param length How long it is, with its headers, in bytes.
   * @param flags Which way it goes and more, as in the option `epb_flags`.
   * @param comment A remark that is shown with it.
   * @returns Where in the slab it is to be written before this turn ends, a multiple of 4; the padding behind it is there.
   *   `null` if it is not wanted.
   */
  beginPacket(length: number, flags: number, comment?: string): number | null {
    if (this.#isStopped) return null;
    if (this.#waiting > this.#maxBuffer) return this.#drop();
    const notes = this.#takeNotes(comment);
    const notesLength = notes === null ? 0 : notes.length;
    const padded = padToWords(length);
    const block = this.#beginBlock(ENHANCED_PACKET, PACKET_HEAD + padded + 12 + notesLength + 4);
    const { view, bytes } = this.#slab;
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

  /** Waits until the sink has taken everything, or has failed. */
  async flush(): Promise<void> {
    this.#isAwaited = true;
    this.#endRest?.();
    this.#begin();
    while (this.#isWriting) await this.#writing;
    this.#isAwaited = false;
  }

  /** Ends the file: waits until the sink has taken everything and is closed. Never rejects. */
  async close(): Promise<void> {
    if (this.#isStopped) return await this.flush();
    this.#writeStatistics();
    this.#isStopped = true;
    await this.flush();
    try {
      await this.#sink.close();
    } catch (error) {
      this.#onError(error);
    }
  }

  #writeFileHead(): void {
    const application = encodeOption(4, "Sluice");
    const block = this.#beginBlock(SECTION_HEADER, 24 + application.length + 4 + 4);
    const { view, bytes } = this.#slab;
    view.setUint32(block + 8, BYTE_ORDER_MAGIC, true);
    view.setUint16(block + 12, 1, true);
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
    const { view, bytes } = this.#slab;
    view.setUint32(block + 8, 0, true);
    this.#setTime(block + 12);
    bytes.set(dropped, block + 20);
    view.setUint32(block + 20 + dropped.length, 0, true);
  }

  /** Makes room for a block, a multiple of 4 bytes long, and writes its type and both of its lengths. */
  #beginBlock(type: number, length: number): number {
    if (this.#end + length > SLAB_SIZE) {
      this.#retireSlab();
      this.#slab = this.#spare.pop() ?? new CaptureSlab(new ArrayBuffer(SLAB_SIZE));
      this.#start = this.#end = 0;
    }
    const { view } = this.#slab;
    const block = this.#end;
    view.setUint32(block, type, true);
    view.setUint32(block + 4, length, true);
    view.setUint32(block + length - 4, length, true);
    this.#end += length;
    this.#waiting += length;
    this.#flushSoon();
    return block;
  }

  /** When this is: microseconds since 1970, the upper half first. */
  #setTime(at: number): void {
    const microseconds = Math.floor((this.#epoch + performance.now()) * 1000);
    this.#slab.view.setUint32(at, Math.floor(microseconds / 2 ** 32), true);
    this.#slab.view.setUint32(at + 4, microseconds % 2 ** 32, true);
  }

  /** Options that few packets have: a comment, and how many before it were dropped. */
  #takeNotes(comment: string | undefined): Bytes | null {
    if (comment === undefined && this.#newlyDropped === 0) return null;
    const notes = comment === undefined ? [] : [encodeOption(1, comment)];
    if (this.#newlyDropped > 0) notes.push(encodeOption(4, this.#newlyDropped));
    this.#newlyDropped = 0;
    return joinBytes(notes);
  }

  #retireSlab(): void {
    if (this.#end > this.#start) this.#full.push(this.#takeWritten());
    this.#endRest?.();
  }

  /** What was written to the slab and not given to the sink yet. */
  #takeWritten(): Bytes {
    const written = this.#slab.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return written;
  }

  #drop(): null {
    if (this.#dropped === 0) {
      this.#onError(new CaptureOverflowError(this.#waiting, this.#maxBuffer));
    }
    this.#dropped++;
    this.#newlyDropped++;
    return null;
  }

  #flushSoon(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    flushSoon(this.#flushable);
  }

  #begin(): void {
    if (!this.#isScheduled) return;
    this.#isScheduled = false;
    this.#isWriting = true;
    this.#writing = this.#write();
  }

  async #write(): Promise<void> {
    try {
      for (;;) {
        const piece = this.#full.shift() ?? this.#takeWritten();
        if (piece.length === 0) return;
        const written = this.#sink.write(piece);
        if (written !== undefined) await written;
        this.#waiting -= piece.length;
        if (this.#sink.givesBack) {
          this.#reuse(piece);
          if (this.#full.length === 0 && !this.#isAwaited) await this.#rest();
        }
      }
    } catch (error) {
      this.#isStopped = true;
      this.#full.length = 0;
      this.#onError(error);
    } finally {
      // In the same turn as the last look at what waits, so that nothing is left behind.
      this.#isWriting = false;
    }
  }

  async #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, REST_MS);
    this.#endRest = resolve;
    await promise;
    this.#endRest = null;
    clearTimeout(timer);
  }

  /** Memory from the system costs more than all that is done with it here. */
  #reuse(piece: Bytes): void {
    if (piece.buffer === this.#slab.bytes.buffer) {
      if (this.#start === this.#end) this.#start = this.#end = 0;
      return;
    }
    const isRestWaiting = this.#full[0]?.buffer === piece.buffer;
    if (!isRestWaiting && this.#spare.length < MOST_SPARE_SLABS) {
      this.#spare.push(new CaptureSlab(piece.buffer));
    }
  }
}
