import type { Bytes } from "../protocols/bytes.ts";
import type { AnyProtocol, ProtocolCallbacks } from "../protocols/contract.ts";
import { splice } from "../transports/core/system/splice.ts";
import { topOf } from "../transports/core/stack_slot.ts";
import type { StreamConnection } from "./stream_connection.ts";

/**
 * The protocol of a connection whose bytes go straight to another one. It takes the place of the
 * connection's own, which gets everything else: so the reader sees the end and the failure.
 *
 * Chunks are lent, and no more come while the other connection has no room. Where the network of
 * both can pass bytes on by itself, it does, and this hears only how many they were.
 */
export class Passage implements ProtocolCallbacks {
  readonly borrowsChunks = true;
  readonly #from: StreamConnection;
  readonly #to: StreamConnection;
  readonly #onPassed: (bytes: number) => void;
  readonly #inner: AnyProtocol;
  readonly #endSplice: (() => void) | null;
  readonly #failed = Promise.withResolvers<never>();

  /** Begins at once; `onPassed` gets the count of bytes that come; 0 when there is room again. */
  constructor(
    from: StreamConnection,
    to: StreamConnection,
    onPassed: (bytes: number) => void,
  ) {
    this.#from = from;
    this.#to = to;
    this.#onPassed = onPassed;
    this.#inner = from.transport.getProtocol();
    // It is not waited for all the time.
    this.#failed.promise.catch(() => {});
    const early = from.reader.takeBuffered();
    from.transport.setProtocol(this);
    if (early.length > 0) this.dataReceived(early);
    this.#endSplice = this.#splice();
  }

  /** Rejects when bytes cannot be sent any more. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Ends: what comes goes to the reader again. */
  leave(): void {
    const { transport } = this.#from;
    this.#endSplice?.();
    if (transport.getProtocol() === this) transport.setProtocol(this.#inner);
    transport.resumeReading();
  }

  dataReceived(chunk: Bytes): void {
    const { writer, transport } = this.#to;
    this.#onPassed(chunk.length);
    try {
      const hasRoom = writer.write(chunk) && !transport.isClosing();
      if (!hasRoom) this.#from.transport.pauseReading();
      // Also with room: it fails if what was written is dropped.
      writer.drain().then(() => hasRoom || this.#goOn(), this.#fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  eofReceived(): boolean | void | Promise<boolean | void> {
    return this.#inner.eofReceived?.();
  }

  pauseWriting(): void {
    this.#inner.pauseWriting?.();
  }

  resumeWriting(): void {
    this.#inner.resumeWriting?.();
  }

  writingFailed(error: Error): void {
    this.#inner.writingFailed?.(error);
  }

  connectionLost(error: Error | null): void {
    this.#inner.connectionLost?.(error);
  }

  /** Has the system pass the bytes on, as long as no layer is put between these two. */
  #splice(): (() => void) | null {
    const [from, to] = [this.#from.transport, this.#to.transport];
    return splice(from, to, {
      isWanted: () => from.getProtocol() === this && topOf(to) === to && this.#to.transport === to,
      onPassed: (bytes, isSent) => {
        this.#onPassed(bytes);
        if (isSent) return;
        from.pauseReading();
        this.#to.writer.flush().then(() => this.#goOn(), this.#fail);
      },
    });
  }

  #goOn(): void {
    this.#onPassed(0);
    this.#from.transport.resumeReading();
  }

  readonly #fail = (error: unknown): void => {
    this.#failed.reject(error);
    this.leave();
  };
}
