import type { Bytes } from "../../../protocols/bytes.ts";
import type { ByteSink, PushSource } from "../../core/carrier.ts";

/**
 * The decrypted bytes, on their way to the transport above.
 *
 * ```text
 * put* -> end(error)      -> sink        drop(): what waits and what still comes is lost
 *   taken(): nothing, or a promise that resolves when the sink takes more
 * ```
 */
export class PlaintextSource implements PushSource {
  readonly givesOwnedBytes = true;
  // The transport below does.
  readonly isTimed = true;
  #sink: ByteSink | null = null;
  // Chunks that the sink does not take yet.
  #waiting: Bytes[] = [];
  #end: { readonly error: Error | null } | null = null;
  #state: "held" | "flowing" | "dropping" = "held";
  #room: PromiseWithResolvers<void> | null = null;

  /** Whether {@linkcode end} was called: no more is added. */
  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** Adds a chunk, which is the sink's from now on; ignored after the end. */
  put(chunk: Bytes): void {
    if (this.#end !== null || this.#state === "dropping") return;
    if (this.#state === "held" || this.#sink === null) this.#waiting.push(chunk);
    else if (!this.#sink.receive(chunk, chunk.length)) this.#hold();
  }

  /** Nothing more comes: after close_notify, or because of an error. The first end counts. */
  end(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    if (this.#state === "flowing") this.#tellEnd();
  }

  /** Drops all waiting and later chunks: there is no reader any more. */
  drop(): void {
    this.#state = "dropping";
    this.#waiting = [];
    this.#release();
  }

  /** Nothing if all was taken; else a promise that resolves when it is. */
  taken(): void | Promise<void> {
    if (this.#state !== "held" || (this.#sink === null && this.#waiting.length === 0)) return;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  /** Resolves when all that came was delivered, or nothing is any more. */
  async delivered(): Promise<void> {
    await this.taken();
    await this.#sink?.delivered();
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    if (this.#state === "held") this.#flow();
  }

  #flow(): void {
    this.#state = "flowing";
    for (let chunk; this.#state === "flowing" && (chunk = this.#waiting.shift()) !== undefined;) {
      if (this.#sink?.receive(chunk, chunk.length) === false) return this.#hold();
    }
    if (this.#state !== "flowing") return;
    this.#release();
    if (this.#end !== null) this.#tellEnd();
  }

  #hold(): void {
    if (this.#state === "flowing") this.#state = "held";
  }

  #release(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  #tellEnd(): void {
    // Told once.
    this.#state = "dropping";
    const error = this.#end?.error ?? null;
    if (error === null) void this.#sink?.end();
    else this.#sink?.fail(error);
  }
}
