import { copyOf } from "../../protocols/bytes.ts";
import type { Transformed } from "./byte_transform.ts";
import { handOnPieces, type Produce } from "./_pieces.ts";
import { isLent } from "../core/memory/loan.ts";
import { ChunkQueue } from "../core/read/chunk_queue.ts";

/**
 * The way in of a transform: what it makes of received bytes goes up piece by piece, as it is
 * taken.
 */
export class TransformInput {
  /** Where it is taken from. */
  readonly source: ChunkQueue = new ChunkQueue();
  #isEnded = false;
  #decoding: void | Promise<void> = undefined;
  readonly #onError: (callback: string, thrown: unknown) => void;

  /** `onError` is told what the transform throws, and in which method. */
  constructor(onError: (callback: string, thrown: unknown) => void) {
    this.#onError = onError;
  }

  /** Whether the peer has ended its direction. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Resolves when what arrived so far is decoded and read. */
  async decoded(): Promise<void> {
    await this.#decoding;
  }

  /** The peer has ended its direction: what is still produced comes before the end. */
  end(produce: Produce): void {
    this.#isEnded = true;
    void Promise.resolve(this.decode("decodeEnd", produce)).then(() => this.source.end());
  }

  /**
   * Hands on what is produced. Never throws or rejects: an error is told once everything that was
   * produced before it has been read.
   */
  decode(
    callback: string,
    produce: Produce,
  ): void | Promise<void> {
    return this.#decoding = this.#handOn(callback, produce);
  }

  #handOn(
    callback: string,
    produce: Produce,
  ): void | Promise<void> {
    try {
      const produced = produce();
      if (produced instanceof Uint8Array) return this.#put(produced);
      return this.#putAll(callback, produced).catch((error) => this.#fail(callback, error));
    } catch (error) {
      return this.#fail(callback, error);
    }
  }

  async #fail(callback: string, error: unknown): Promise<void> {
    await this.source.starved();
    this.#onError(callback, error);
  }

  async #putAll(
    callback: string,
    produced: Transformed | Promise<Transformed>,
  ): Promise<void> {
    await handOnPieces(await produced, callback, (piece) => this.#put(piece));
  }

  #put(piece: Uint8Array): void | Promise<void> {
    // A part of a chunk that was lent is read when the loan may be over.
    this.source.put(isLent(piece) ? copyOf(piece) : piece);
    return this.source.drained();
  }
}
