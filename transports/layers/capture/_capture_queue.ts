import type { Bytes } from "../../../protocols/bytes.ts";
import { Pause } from "../../core/clock.ts";
import { flushScheduler } from "../../core/write/flush_scheduler.ts";
import { CaptureSlab } from "./_capture_slab.ts";

/** A capture is gathered in pieces of this size, in bytes. */
const SLAB_SIZE = 524_288;
/** How many slabs are kept for later, at most. */
const MOST_SPARE_SLABS = 32;
/**
 * How long a sink that gives memory back is left alone after it took something, unless a slab gets
 * full, in milliseconds: a file is written to by another thread, whose waking costs as much as the
 * making of dozens of packets.
 */
const REST_MS = 10;

/** Takes a capture, piece by piece. */
export interface CaptureWriter {
  /**
   * Whether it has no use for the bytes any more when `write` is done with them: then their memory
   * is written to again.
   */
  readonly givesBack?: boolean;
  /** Takes the next bytes; the next call comes when it is done with them. */
  write(bytes: Bytes): unknown;
  /** Nothing more comes. */
  close(): unknown;
}

/**
 * Captured bytes that wait for the sink. Those of one turn of the event loop, or of some
 * milliseconds, go to the sink together.
 */
export class CaptureQueue {
  readonly #sink: CaptureWriter;
  readonly #onError: (error: unknown) => void;
  readonly #flushable = { flush: () => this.#begin() };
  // Slabs that are full, each from where it has not been given to the sink, and those that can be
  // filled again.
  readonly #full: Bytes[] = [];
  readonly #spare: CaptureSlab[] = [];
  #slab = new CaptureSlab(new ArrayBuffer(SLAB_SIZE));
  // Where in the slab begins what the sink was not given, and where it ends.
  #start = 0;
  #end = 0;
  // In bytes since the beginning: captured, taken by the sink, and the amount that a flush waits
  // for.
  #reserved = 0;
  #taken = 0;
  #goal = 0;
  #isScheduled = false;
  #isWriting = false;
  readonly #pause = new Pause();
  #writing: Promise<void> = Promise.resolve();
  readonly #onProgress: (() => void)[] = [];
  #isStopped = false;
  #closing: Promise<void> | null = null;

  /** Begins empty. `onError` is told once of a sink that fails. */
  constructor(sink: CaptureWriter, onError: (error: unknown) => void) {
    this.#sink = sink;
    this.#onError = onError;
  }

  /** Whether nothing is taken any more: closed, or the sink has failed. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** How many bytes the sink has not taken yet. */
  get size(): number {
    return this.#reserved - this.#taken;
  }

  /** What the memory that was reserved last is part of. */
  get slab(): CaptureSlab {
    return this.#slab;
  }

  /**
   * Reserves memory, to be filled before this turn ends; it may hold anything.
   *
   * @param length How much, in bytes: a multiple of 4, less than a slab.
   * @returns Where in the slab it begins: a multiple of 4.
   */
  reserve(length: number): number {
    if (this.#end + length > SLAB_SIZE) this.#changeSlab();
    const start = this.#end;
    this.#end += length;
    this.#reserved += length;
    if (!this.#isScheduled && !this.#isWriting) {
      this.#isScheduled = true;
      flushScheduler.flushSoon(this.#flushable);
    }
    return start;
  }

  /** Waits until the sink has taken everything that is there now, or has failed. */
  async flush(): Promise<void> {
    const goal = this.#goal = this.#reserved;
    this.#pause.end();
    this.#begin();
    while (this.#isWriting && this.#taken < goal) {
      await new Promise<void>((resolve) => this.#onProgress.push(resolve));
    }
  }

  /**
   * Waits until the sink has taken everything and is closed, also if called again. Never rejects.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const hasFailed = this.#isStopped;
    this.#isStopped = true;
    await this.flush();
    await this.#writing;
    if (hasFailed) return;
    try {
      await this.#sink.close();
    } catch (error) {
      this.#onError(error);
    }
  }

  #changeSlab(): void {
    if (this.#end > this.#start) this.#full.push(this.#takeWritten());
    this.#slab = this.#spare.pop() ?? new CaptureSlab(new ArrayBuffer(SLAB_SIZE));
    this.#start = this.#end = 0;
    this.#pause.end();
  }

  /** What was written to the slab and not given to the sink yet. */
  #takeWritten(): Bytes {
    const written = this.#slab.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return written;
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
        this.#taken += piece.length;
        this.#tellProgress();
        if (this.#sink.givesBack) {
          this.#reuse(piece);
          if (this.#mayRest()) await this.#pause.wait(REST_MS);
        }
      }
    } catch (error) {
      this.#isStopped = true;
      this.#full.length = 0;
      this.#onError(error);
    } finally {
      // In the same turn as the last look at what waits, so that nothing is left behind.
      this.#isWriting = false;
      this.#tellProgress();
    }
  }

  #tellProgress(): void {
    for (const tell of this.#onProgress.splice(0)) tell();
  }

  #mayRest(): boolean {
    return this.#full.length === 0 && this.#taken >= this.#goal && !this.#isStopped;
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
