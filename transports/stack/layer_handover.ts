import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";
import { isWritingPaused } from "../core/writing.ts";
import { callBack, type CallbackErrorSink } from "../core/callbacks.ts";

/**
 * Takes the place of a protocol on a transport that is being taken away from it: gathers what is still
 * delivered, waits until all that was written has left, and passes on whether to write.
 */
export class LayerHandover implements ProtocolCallbacks {
  /** What was delivered since. */
  readonly received: Bytes[] = [];
  readonly #transport: Transport;
  readonly #upper: AnyProtocol;
  readonly #onError: CallbackErrorSink;
  readonly #drained = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<never>();
  // Whether the replaced protocol was paused last.
  #isPaused: boolean;
  #onEmpty: (() => void) | null = null;

  /** Replaces `upper`, the protocol of `transport`; reading goes on. What `upper` throws goes to `onError`. */
  constructor(transport: Transport, upper: AnyProtocol, onError: CallbackErrorSink) {
    this.#transport = transport;
    this.#onError = onError;
    this.#upper = upper;
    this.#isPaused = isWritingPaused(transport);
    this.#lost.promise.catch(() => {});
    transport.setProtocol(this);
    transport.resumeReading();
  }

  /** Resolves when the end of data was delivered, and so everything before it; rejects if the connection is lost. */
  get drained(): Promise<void> {
    return Promise.race([this.#drained.promise, this.#lost.promise]);
  }

  /**
   * Calls back as soon as nothing is queued for sending: now, or inside the call that takes the last of it. Rejects
   * if the connection is lost before.
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

  /** Tells the protocol that was replaced whether to write, if that has changed for it. */
  tellWriting(isPaused: boolean): void {
    const wasPaused = this.#isPaused;
    this.#isPaused = isPaused;
    tellWriting(this.#upper, wasPaused, isPaused, this.#onError);
  }

  dataReceived(chunk: Bytes): void {
    this.received.push(chunk);
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

  connectionLost(error: Error | null): void {
    this.#lost.reject(new ConnectionLostError("Cannot remove layer: connection lost"));
    callBack(this.#upper, "connectionLost", this.#onError, error);
  }
}

/** Tells a protocol that has come to stand on another transport whether to write, if that has changed for it. */
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
