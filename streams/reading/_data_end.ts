import { ConnectionLostError } from "../../protocols/errors.ts";

/** The moment from which nothing more arrives, for those who ask for it. */
export class DataEnd {
  #isReached = false;
  #ended: PromiseWithResolvers<void> | null = null;
  #signal: AbortSignal | null = null;

  /** It has come. */
  reach(): void {
    this.#isReached = true;
    this.#ended?.resolve();
  }

  /** Resolves then. */
  get promise(): Promise<void> {
    this.#ended ??= Promise.withResolvers();
    if (this.#isReached) this.#ended.resolve();
    return this.#ended.promise;
  }

  /** Aborts then. */
  get signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal;
    const controller = new AbortController();
    const abort = () => controller.abort(new ConnectionLostError("The peer has ended its data"));
    if (this.#isReached) abort();
    else void this.promise.then(abort);
    return this.#signal = controller.signal;
  }
}
