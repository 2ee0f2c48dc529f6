import type { Bytes } from "../../protocols/bytes.ts";
import { turnBudget } from "../../protocols/turn_budget.ts";
import { piecesOf } from "./_pieces.ts";
import type { Transformed } from "./byte_transform.ts";

/** The way out of a transform: what it makes of written bytes goes down piece by piece, as there is room below. */
export class TransformOutput {
  readonly #write: (piece: Bytes) => void;
  readonly #onError: (callback: string, thrown: unknown) => void;
  #isFull = false;
  #isReleased = false;
  #onRoom: (() => void) | null = null;
  #isEncoding = false;

  /** Sends with `write`; `onError` is told what that or the transform throws, and in which method of the transform. */
  constructor(
    write: (piece: Bytes) => void,
    onError: (callback: string, thrown: unknown) => void,
  ) {
    this.#write = write;
    this.#onError = onError;
  }

  /** Whether something is being produced or waits for room. */
  get isEncoding(): boolean {
    return this.#isEncoding;
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
    this.resume();
  }

  /** Sends what is produced. Never rejects. */
  async encode(
    callback: string,
    produce: () => Transformed | Promise<Transformed>,
  ): Promise<void> {
    this.#isEncoding = true;
    try {
      const produced = produce();
      const pieces = produced instanceof Promise ? await produced : produced;
      if (pieces instanceof Uint8Array) await this.#send(pieces);
      else {
        for await (const piece of piecesOf(pieces, callback)) {
          await this.#send(piece);
          if (turnBudget.spend()) await turnBudget.untilRenewed();
        }
      }
    } catch (error) {
      this.#onError(callback, error);
    }
    this.#isEncoding = false;
  }

  #send(piece: Bytes): void | Promise<void> {
    this.#write(piece);
    if (this.#isFull) return new Promise<void>((resolve) => this.#onRoom = resolve);
  }
}
