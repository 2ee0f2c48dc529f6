import type { Bytes } from "../../protocols/contract.ts";
import { turnBudget } from "../../protocols/turn_budget.ts";
import type { Transformed } from "./byte_transform.ts";
import { Handoff } from "../core/read/handoff.ts";

/** The way in of a transform: what it makes of received bytes goes up piece by piece, as it is taken. */
export class TransformInput {
  /** Where it is taken from. */
  readonly source: Handoff = new Handoff();
  readonly #onError: (callback: string, thrown: unknown) => void;

  /** `onError` is told what the transform throws, and in which method. */
  constructor(onError: (callback: string, thrown: unknown) => void) {
    this.#onError = onError;
  }

  /** Hands on what is produced. Never throws or rejects. */
  decode(
    callback: string,
    produce: () => Transformed | Promise<Transformed>,
  ): void | Promise<void> {
    try {
      const produced = produce();
      if (produced instanceof Uint8Array) return this.#put(produced);
      return this.#putAll(produced).catch((error) => this.#onError(callback, error));
    } catch (error) {
      this.#onError(callback, error);
    }
  }

  async #putAll(produced: Transformed | Promise<Transformed>): Promise<void> {
    const pieces = produced instanceof Promise ? await produced : produced;
    if (pieces instanceof Uint8Array) await this.#put(pieces);
    else {
      for await (const piece of pieces) {
        await this.#put(piece);
        if (turnBudget.spend()) await turnBudget.untilRenewed();
      }
    }
  }

  #put(piece: Bytes): void | Promise<void> {
    if (piece.length > 0) return this.source.put(piece);
  }
}
