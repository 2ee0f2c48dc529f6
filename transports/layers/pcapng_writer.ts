import type { Bytes } from "../../protocols/contract.ts";
import { CaptureOverflowError } from "../../protocols/errors.ts";
import { joinBytes } from "../join_bytes.ts";

/** Blocks are gathered in pieces of this size, in bytes. */
const SLAB_SIZE = 262_144;
/** How many of them the sink is given in one piece. */
const MOST_SLABS_AT_ONCE = 16;
/** Packets begin with an IP header. */
const LINKTYPE_RAW = 101;
const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
/** An enhanced packet block up to the packet, in bytes. */
const PACKET_HEAD = 28;

const encoder = new TextEncoder();

/** Takes a capture, piece by piece. */
export interface CaptureWriter {
  /** Takes the next bytes; the next call comes when it is done with them. */
  write(bytes: Bytes): void | Promise<void>;
  /** Nothing more comes. */
  close(): void | Promise<void>;
}

/** One packet to be written. */
export interface PacketNote {
  /** How long it is, with its headers, in bytes. */
  readonly length: number;
  /** Whether it comes in or goes out, as seen from this program. */
  readonly direction: "received" | "sent";
  /** A remark that is shown with it. */
  readonly comment?: string;
}

/** Where a packet stands in memory: zeros, to be filled in. */
export interface PacketSpace {
  /** The memory. */
  readonly buffer: ArrayBuffer;
  /** The first byte, divisible by 4. */
  readonly offset: number;
}

/**
 * Writes a pcapng file: section header, one interface, packets. What the sink has not taken yet is kept up to a limit, above which
 * packets are dropped, and counted.
 *
 * ```text
 * type, length, contents padded to 4 bytes, options (code, length, value padded to 4 bytes)*, 0, length
 * ```
 */
export class PcapngWriter {
  readonly #sink: CaptureWriter;
  readonly #maxBuffer: number;
  readonly #onError: (error: unknown) => void;
  readonly #full: Bytes[] = [];
  #slab = new DataView(new ArrayBuffer(SLAB_SIZE));
  // Where in the slab begins what the sink was not given, and where it ends.
  #start = 0;
  #end = 0;
  #waiting = 0;
  #writing: Promise<void> | null = null;
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

  /** Whether nothing is written any more: closed, or the sink has failed. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** How many packets were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a packet; `fill` writes it. Drops it if too much waits for the sink. */
  addPacket(note: PacketNote, fill: (space: PacketSpace) => void): void {
    if (this.#isStopped) return;
    if (this.#waiting > this.#maxBuffer) return this.#drop();
    const comment = note.comment === undefined ? null : encoder.encode(note.comment);
    const padded = pad(note.length);
    const optionLength = 8 + (comment === null ? 0 : 4 + pad(comment.length)) +
      (this.#newlyDropped > 0 ? 12 : 0) + 4;
    const block = this.#beginBlock(ENHANCED_PACKET, PACKET_HEAD + padded + optionLength + 4);
    const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    this.#slab.setUint32(block + 12, Math.floor(microseconds / 2 ** 32), true);
    this.#slab.setUint32(block + 16, microseconds % 2 ** 32, true);
    this.#slab.setUint32(block + 20, note.length, true);
    this.#slab.setUint32(block + 24, note.length, true);
    fill({ buffer: this.#slab.buffer, offset: block + PACKET_HEAD });
    let at = this.#addOption(block + PACKET_HEAD + padded, 2, 4);
    this.#slab.setUint32(at - 4, note.direction === "received" ? 1 : 2, true);
    if (comment !== null) {
      at = this.#addOption(at, 1, comment.length);
      new Uint8Array(this.#slab.buffer).set(comment, at - pad(comment.length));
    }
    if (this.#newlyDropped > 0) {
      at = this.#addOption(at, 4, 8);
      this.#slab.setBigUint64(at - 8, BigInt(this.#newlyDropped), true);
      this.#newlyDropped = 0;
    }
    this.#flushSoon();
  }

  /** Waits until the sink has taken everything, or has failed. */
  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
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
    const application = encoder.encode("Sluice");
    const block = this.#beginBlock(SECTION_HEADER, 28 + 4 + pad(application.length) + 4);
    this.#slab.setUint32(block + 8, BYTE_ORDER_MAGIC, true);
    this.#slab.setUint16(block + 12, 1, true);
    // The length of the section is not known in advance.
    this.#slab.setBigInt64(block + 16, -1n, true);
    const at = this.#addOption(block + 24, 4, application.length);
    new Uint8Array(this.#slab.buffer).set(application, at - pad(application.length));
    const description = this.#beginBlock(INTERFACE_DESCRIPTION, 20);
    this.#slab.setUint16(description + 8, LINKTYPE_RAW, true);
    this.#flushSoon();
  }

  /** How many packets were written, and how many dropped. */
  #writeStatistics(): void {
    if (this.#dropped === 0) return;
    const block = this.#beginBlock(INTERFACE_STATISTICS, 20 + 12 + 4 + 4);
    const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    this.#slab.setUint32(block + 12, Math.floor(microseconds / 2 ** 32), true);
    this.#slab.setUint32(block + 16, microseconds % 2 ** 32, true);
    const at = this.#addOption(block + 20, 5, 8);
    this.#slab.setBigUint64(at - 8, BigInt(this.#dropped), true);
    this.#flushSoon();
  }

  /** Makes room for a block, a multiple of 4 bytes long, and writes its type and both of its lengths. */
  #beginBlock(type: number, length: number): number {
    if (this.#end + length > SLAB_SIZE) {
      this.#retireSlab();
      this.#slab = new DataView(new ArrayBuffer(SLAB_SIZE));
      this.#start = this.#end = 0;
    }
    const block = this.#end;
    this.#slab.setUint32(block, type, true);
    this.#slab.setUint32(block + 4, length, true);
    this.#slab.setUint32(block + length - 4, length, true);
    this.#end += length;
    this.#waiting += length;
    return block;
  }

  /** Writes the head of an option; gives where the next one begins. */
  #addOption(at: number, code: number, length: number): number {
    this.#slab.setUint16(at, code, true);
    this.#slab.setUint16(at + 2, length, true);
    return at + 4 + pad(length);
  }

  #retireSlab(): void {
    if (this.#end === this.#start) return;
    this.#full.push(new Uint8Array(this.#slab.buffer, this.#start, this.#end - this.#start));
    this.#start = this.#end;
  }

  #drop(): void {
    if (this.#dropped === 0) {
      this.#onError(new CaptureOverflowError(this.#waiting, this.#maxBuffer));
    }
    this.#dropped++;
    this.#newlyDropped++;
  }

  #flushSoon(): void {
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    try {
      // What is captured in the same turn goes out together.
      await Promise.resolve();
      for (;;) {
        if (this.#full.length === 0) this.#retireSlab();
        const pieces = this.#full.splice(0, MOST_SLABS_AT_ONCE);
        if (pieces.length === 0) return;
        // Copied only if the sink lags behind: then fewer and longer pieces let it catch up.
        const piece = joinBytes(pieces);
        await this.#sink.write(piece);
        this.#waiting -= piece.length;
      }
    } catch (error) {
      this.#isStopped = true;
      this.#full.length = 0;
      this.#onError(error);
    } finally {
      // In the same turn as the last look at what waits, so that nothing is left behind.
      this.#writing = null;
    }
  }
}

function pad(length: number): number {
  return length + 3 & ~3;
}
