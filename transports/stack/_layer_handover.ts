import { Placeholder } from "../core/placeholder.ts";
import { type Bytes, joinBytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { isWritingEnded, isWritingPaused } from "../core/write/writing.ts";
import { callBack, type CallbackErrorSink } from "../core/callbacks.ts";
import { restack } from "./restack.ts";

/**
 * Placeholder for the protocol of a transport that is being taken away from it. It gathers what is
 * still delivered, waits until all that was written has left, and passes on whether to write.
 */
export class LayerHandover extends Placeholder {
  // The bytes delivered since.
  readonly #received: Bytes[] = [];
  readonly #transport: Transport;
  readonly #onError: CallbackErrorSink;
  readonly #drained = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<never>();
  // Whether the replaced protocol was paused last.
  #isPaused: boolean;
  #onEmpty: (() => void) | null = null;

  /**
   * Replaces the protocol of `transport`; reading goes on. What that protocol throws goes to
   * `onError`.
   */
  constructor(transport: Transport, onError: CallbackErrorSink) {
    super(transport.getProtocol());
    this.#transport = transport;
    this.#onError = onError;
    this.#isPaused = isWritingPaused(transport);
    this.#lost.promise.catch(() => {});
    transport.setProtocol(this);
    transport.resumeReading();
  }

  /**
   * Resolves when the end of data was delivered, and so everything before it; rejects if the
   * connection is lost.
   */
  get drained(): Promise<void> {
    return Promise.race([this.#drained.promise, this.#lost.promise]);
  }

  /**
   * Calls back as soon as nothing is queued for sending: now, or inside the call that takes the
   * last of it. Rejects if the connection is lost before.
   */
  async whenEmpty(callback: () => void): Promise<void> {
    if (this.#transport.getWriteBufferSize() === 0) return callback();
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = () => {
        try {
          callback();
        } finally {
          resolve();
        }
      };
    });
    this.#transport.setWriteBufferLimits({ high: 0 });
    await Promise.race([emptied, this.#lost.promise]);
  }

  /**
   * Makes the protocol that was replaced that of another transport, with the gathered bytes and
   * `more`.
   */
  moveTo(transport: Transport, more: readonly Bytes[]): void {
    const unread = [...this.#received, ...more];
    this.handOver(transport, unread.length > 0 ? { unread: joinBytes(unread) } : {});
    restack(this.protocol, transport);
  }

  /** Tells the protocol that was replaced whether to write, if that has changed for it. */
  tellWriting(isPaused: boolean): void {
    const wasPaused = this.#isPaused;
    this.#isPaused = isPaused;
    tellWriting(this.protocol, wasPaused, isPaused, this.#onError);
  }

  dataReceived(chunk: Bytes): void {
    this.#received.push(chunk);
  }

  eofReceived(): boolean {
    this.#drained.resolve();
    return true;
  }

  pauseWriting(): void {
    this.tellWriting(true);
  }

  resumeWriting(): void {
    const callback = this.#onEmpty;
    this.#onEmpty = null;
    if (callback === null) this.tellWriting(false);
    else callback();
  }

  override connectionLost(error: Error | null): unknown {
    this.#lost.reject(new ConnectionLostError("Cannot remove layer: connection lost"));
    return super.connectionLost(error);
  }
}

/**
 * Throws if the layer below a transport cannot be taken out.
 *
 * @param hasEnded Whether the peer has ended its direction.
 * @throws {ConnectionLostError} If the connection is closing.
 * @throws {InvalidStateError} If a direction has ended.
 */
export function checkRemovable(transport: Transport, hasEnded: boolean): void {
  if (transport.isClosing()) {
    throw new ConnectionLostError("Cannot remove layer: the connection is closing");
  }
  if (hasEnded) {
    throw new InvalidStateError("Cannot remove layer: the peer has ended its direction");
  }
  if (isWritingEnded(transport)) {
    throw new InvalidStateError("Cannot remove layer: writeEof() was called");
  }
}

/**
 * Tells a protocol that has come to stand on another transport whether to write, if that has
 * changed for it.
 */
export function tellWriting(
  protocol: AnyProtocol,
  wasPaused: boolean,
  isPaused: boolean,
  onError: CallbackErrorSink,
): void {
  if (isPaused !== wasPaused) {
    callBack(protocol, isPaused ? "pauseWriting" : "resumeWriting", onError);
  }
}
