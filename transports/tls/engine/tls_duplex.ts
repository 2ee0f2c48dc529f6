import type { Duplex } from "node:stream";
import { nodeModule } from "../../core/node_module.ts";

/** Sends ciphertext of the engine; resolves when more may come. */
type SendCiphertext = (bytes: Uint8Array) => void | Promise<void>;

/** Told that a write is done. */
type WriteDone = (error?: Error | null) => void;

/** The lower side of the TLS engine, as it sees it: a stream of Node's that carries ciphertext. */
export class TlsDuplex {
  /** What the engine is given. */
  readonly stream: Duplex;

  /** Gives the ciphertext that the engine makes to `send`. */
  constructor(send: SendCiphertext) {
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
      const told = typeof encoding === "function" ? encoding as WriteDone : done;
      const settled = send(bytes);
      // Never within this call, which the engine does not expect.
      if (told !== undefined) void Promise.resolve(settled).then(() => told());
      return true;
    };
    // The engine destroys the stream at a failure, before it has written the alert that tells the
    // peer why; so destroying does nothing, and release() does it.
    this.stream.destroy = (): Duplex => this.stream;
  }

  /** Gives the engine what has arrived; it copies that before this returns. */
  receive(bytes: Uint8Array): void {
    this.stream.emit("data", bytes);
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
}
