import { Duplex } from "node:stream";

/** What a {@linkcode TlsDuplex} does with what the engine gives it; resolves when more may come. */
export type SendCiphertext = (bytes: Uint8Array) => void | Promise<void>;

/** Told that a write is done. */
type WriteDone = (error?: Error | null) => void;

/**
 * The lower side of the TLS engine: ciphertext that arrived is pushed in, ciphertext to be sent comes out.
 *
 * It ends no direction by itself and cannot be destroyed: the engine destroys it at a failure, before it
 * has written the alert that tells the peer why.
 */
export class TlsDuplex extends Duplex {
  readonly #send: SendCiphertext;

  /** Gives what is to be sent to `send`. */
  constructor(send: SendCiphertext) {
    super({ allowHalfOpen: true, autoDestroy: false, emitClose: false });
    this.#send = send;
  }

  /** As Node's: there is nothing to ask for, the transport below pushes. */
  // deno-lint-ignore sluice/hash-private -- Node's name
  override _read(): void {}

  /**
   * As Node's, past the queue of a Node stream, which costs a tick for each write: the engine itself gives no more until
   * `done` is called.
   */
  override write(bytes: Uint8Array, done?: WriteDone): boolean;
  override write(bytes: Uint8Array, encoding: string, done?: WriteDone): boolean;
  override write(bytes: Uint8Array, encoding?: string | WriteDone, done?: WriteDone): boolean {
    const told = typeof encoding === "function" ? encoding : done;
    const settled = this.#send(bytes);
    // Never within this call: who writes does not expect that.
    if (told !== undefined) void Promise.resolve(settled).then(() => told());
    return true;
  }

  /** As Node's, but does nothing. */
  override destroy(): this {
    return this;
  }

  /** Gives the engine what has arrived; it copies that before this returns. */
  receive(bytes: Uint8Array): void {
    this.emit("data", bytes);
  }

  /** Has the engine look again for what it wants to send, after something happened that it does not watch. */
  poke(): void {
    this.receive(new Uint8Array(0));
  }
}
