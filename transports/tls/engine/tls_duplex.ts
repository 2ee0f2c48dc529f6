import type { Duplex } from "node:stream";
import { nodeModule } from "../../core/node_module.ts";

/** Told that a write is done. */
type WriteDone = (error?: Error | null) => void;

/**
 * The lower side of the TLS engine, as it sees it: a stream of Node's that carries ciphertext.
 *
 * The engine gives ciphertext one piece at a time: the next one once it is told that the last is
 * done. It looks for more to send at that moment, and each time that it receives something, except
 * while it waits to be told. Looking in vain costs more than giving. So after {@linkcode hold} it
 * is told at {@linkcode pull} only, which is called when there is something to send.
 */
export class TlsDuplex {
  /** The stream that the engine is given. */
  readonly stream: Duplex;
  // Tells the engine that its last piece is done.
  #done: WriteDone | null = null;
  #isHeld = false;
  #sent = 0;
  // The one who waits until so much was given.
  #awaited: { readonly end: number; readonly resolve: () => void } | null = null;
  // Whether the bytes that were received last had data in them.
  #isData = false;

  /** Gives the ciphertext that the engine makes to `send`. */
  constructor(send: (bytes: Uint8Array) => void | Promise<void>) {
    const { Duplex } = nodeModule("node:stream");
    this.stream = new Duplex({
      allowHalfOpen: true,
      autoDestroy: false,
      emitClose: false,
      // There is nothing to ask for: the transport below pushes.
      read: () => {},
    });
    // Past the queue of a Node stream, which costs a tick for each write: the engine itself gives
    // no more until the write is done.
    this.stream.write = (bytes: Uint8Array, encoding?: unknown, done?: WriteDone): boolean => {
      this.#done = (typeof encoding === "function" ? encoding as WriteDone : done) ?? null;
      this.#sent += bytes.length;
      const settled = send(bytes);
      this.#tellSent();
      // Never within this call, which the engine does not expect.
      if (!this.#isHeld) void Promise.resolve(settled).then(() => this.pull());
      return true;
    };
    // The engine destroys the stream at a failure, before it has written the alert that tells the
    // peer why; so destroying does nothing, and release() does it.
    this.stream.destroy = (): Duplex => this.stream;
  }

  /** How many bytes of ciphertext the engine has given. */
  get sent(): number {
    return this.#sent;
  }

  /** Calls back when the engine has given so many bytes in all. */
  whenSent(end: number, resolve: () => void): void {
    this.#awaited = { end, resolve };
  }

  /** Gives the engine what has arrived; it copies that before this returns. */
  receive(bytes: Uint8Array): void {
    this.#isData = false;
    this.stream.emit("data", bytes);
    // It was for the engine itself, which may answer.
    if (!this.#isData && this.#isHeld) this.pull();
  }

  /** Notes that the input that is being received has data. */
  noteData(): void {
    this.#isData = true;
  }

  /** The engine gives ciphertext at {@linkcode pull} only, as soon as it has given some. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Has the engine give what it has to send, unless it does that by itself. */
  pull(): void {
    const done = this.#done;
    this.#done = null;
    done?.();
  }

  /** The engine gives ciphertext by itself again. */
  letGo(): void {
    this.#isHeld = false;
    this.pull();
  }

  /**
   * Has the engine look again for what it wants to send, after something happened that it does not
   * watch.
   */
  poke(): void {
    this.receive(new Uint8Array(0));
  }

  /**
   * Tells the engine that the stream is closed. It releases its objects only then, unless the
   * connection ended in a way that it chose itself.
   */
  release(): void {
    this.stream.emit("close");
  }

  #tellSent(): void {
    const awaited = this.#awaited;
    if (awaited === null || this.#sent < awaited.end) return;
    this.#awaited = null;
    awaited.resolve();
  }
}
