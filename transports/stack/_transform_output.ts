import type { Bytes } from "../../protocols/bytes.ts";
import type { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import { handOnPieces, type Produce } from "./_pieces.ts";

/**
 * The way out of a transform: what it makes of written bytes goes down piece by piece, as there is
 * room below.
 */
export class TransformOutput {
  readonly #write: (piece: Uint8Array) => void;
  readonly #onError: (callback: string, thrown: unknown) => void;
  #isFull = false;
  #isReleased = false;
  #onRoom: (() => void) | null = null;
  #onReleased: (() => void) | null = null;
  #isEncoding = false;
  #start: Promise<void> | null = null;
  #end: Promise<void> | null = null;

  /**
   * Sends with `write`; `onError` is told what that or the transform throws, and in which method of
   * the transform.
   */
  constructor(
    write: (piece: Uint8Array) => void,
    onError: (callback: string, thrown: unknown) => void,
  ) {
    this.#write = write;
    this.#onError = onError;
  }

  /** Whether something is being produced or waits for room. */
  get isEncoding(): boolean {
    return this.#isEncoding;
  }

  /** Whether the transform has said its last words, or is saying them. */
  get isEnded(): boolean {
    return this.#end !== null;
  }

  /** Resolves when the last words of the transform are sent. */
  async ended(): Promise<void> {
    await this.#end;
  }

  /** There is no room below. */
  pause(): void {
    this.#isFull = !this.#isReleased;
  }

  /** There is room again, or it does not matter any more. */
  resume(): void {
    this.#isFull = false;
    this.#onRoom?.();
  }

  /** Waits for no room any more. */
  release(): void {
    this.#isReleased = true;
    this.#onReleased?.();
    this.resume();
  }

  /** Waits for a queue of the transport below, but no longer than until {@linkcode release}. */
  async wait(queue: WaitQueue): Promise<void> {
    if (this.#isReleased) return;
    await new Promise<void>((resolve) => {
      this.#onReleased = resolve;
      void queue.wait().then(resolve);
    });
  }

  /** Sends the first words of the transform. Everything else waits for them. */
  start(produce: Produce): void {
    this.#start = this.#run("encodeStart", produce);
  }

  /** Sends what the transform makes of written bytes. Never rejects. */
  async encode(produce: Produce): Promise<void> {
    if (this.#start !== null) await this.#start;
    await this.#run("encode", produce);
  }

  /** Sends the last words of the transform, the first time. Never rejects. */
  end(produce: Produce): Promise<void> {
    return this.#end ??= this.#run("encodeEnd", async () => {
      await this.#start;
      return await produce();
    });
  }

  /** Sends bytes as they are, after the last words of the transform. Never rejects. */
  async pass(chunk: Bytes): Promise<void> {
    await this.#end;
    await this.#run("encode", () => chunk);
  }

  async #run(
    callback: string,
    produce: Produce,
  ): Promise<void> {
    this.#isEncoding = true;
    try {
      const produced = produce();
      const pieces = produced instanceof Promise ? await produced : produced;
      if (pieces instanceof Uint8Array) await this.#send(pieces);
      else await handOnPieces(pieces, callback, (piece) => this.#send(piece));
    } catch (error) {
      this.#onError(callback, error);
    }
    this.#isEncoding = false;
  }

  #send(piece: Uint8Array): void | Promise<void> {
    this.#write(piece);
    if (this.#isFull) return new Promise<void>((resolve) => this.#onRoom = resolve);
  }
}
