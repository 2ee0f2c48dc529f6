import type { Bytes } from "../../../protocols/bytes.ts";
import { Pause } from "../../core/clock.ts";
import { flushScheduler } from "../../core/write/flush_scheduler.ts";
import { SentListeners } from "../../core/write/sent_listeners.ts";
import { CaptureMemory } from "./_capture_memory.ts";
import type { CaptureSlab } from "./_capture_slab.ts";

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
 *
 * ```text
 * idle       reserve -> scheduled
 * scheduled  the end of the turn, or flush -> writing
 * writing    the sink has taken everything -> idle   it fails -> failed
 * failed     nothing is taken any more
 * ```
 */
export class CaptureQueue {
  readonly #sink: CaptureWriter;
  readonly #onError: (error: unknown) => void;
  readonly #memory = new CaptureMemory();
  readonly #flushable = { flush: () => this.#begin() };
  readonly #pause = new Pause();
  readonly #flushes = new SentListeners();
  #state: "idle" | "scheduled" | "writing" | "failed" = "idle";
  // In bytes since the beginning.
  #reserved = 0;
  #taken = 0;
  #closing: Promise<void> | null = null;

  /** Begins empty. `onError` is told once of a sink that fails. */
  constructor(sink: CaptureWriter, onError: (error: unknown) => void) {
    this.#sink = sink;
    this.#onError = onError;
  }

  /** Whether nothing is taken any more: closed, or the sink has failed. */
  get isStopped(): boolean {
    return this.#closing !== null || this.#state === "failed";
  }

  /** How many bytes the sink has not taken yet. */
  get size(): number {
    return this.#reserved - this.#taken;
  }

  /** The block that the memory reserved last is part of. */
  get slab(): CaptureSlab {
    return this.#memory.slab;
  }

  /**
   * Reserves memory, to be filled before this turn ends; it may hold anything.
   *
   * @param length How much, in bytes: a multiple of 4, less than a slab.
   * @returns Where in the slab it begins: a multiple of 4.
   */
  reserve(length: number): number {
    const start = this.#memory.reserve(length);
    this.#reserved += length;
    if (this.#memory.hasFull) this.#pause.end();
    if (this.#state === "idle") {
      this.#state = "scheduled";
      flushScheduler.flushSoon(this.#flushable);
    }
    return start;
  }

  /** Waits until the sink has taken everything that is there now, or has failed. */
  async flush(): Promise<void> {
    this.#pause.end();
    this.#begin();
    if (this.#state === "writing" && this.size > 0) {
      await this.#flushes.waitsFor(this.#reserved).wait();
    }
  }

  /**
   * Waits until the sink has taken everything and is closed, also if called again. Never rejects.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.flush();
    if (this.#state === "failed") return;
    try {
      await this.#sink.close();
    } catch (error) {
      this.#onError(error);
    }
  }

  #begin(): void {
    if (this.#state !== "scheduled") return;
    this.#state = "writing";
    void this.#write();
  }

  async #write(): Promise<void> {
    try {
      for (let piece = this.#memory.take(); piece.length > 0; piece = this.#memory.take()) {
        const written = this.#sink.write(piece);
        if (written !== undefined) await written;
        this.#taken += piece.length;
        this.#flushes.tell(this.#taken, 0);
        if (!this.#sink.givesBack) continue;
        this.#memory.giveBack(piece);
        if (this.#mayRest) await this.#pause.wait(REST_MS);
      }
      this.#state = "idle";
    } catch (error) {
      this.#state = "failed";
      this.#memory.clear();
      this.#flushes.endWaits();
      this.#onError(error);
    }
  }

  get #mayRest(): boolean {
    return !this.#memory.hasFull && !this.#flushes.hasWaits && !this.isStopped;
  }
}
