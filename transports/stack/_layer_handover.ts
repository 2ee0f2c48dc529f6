import { type Bytes, joinBytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";
import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import type { CallbackErrorSink } from "../core/callbacks.ts";
import { LivePlaceholder } from "./_live_placeholder.ts";

/**
 * Placeholder for the protocol of a transport that is being taken away from it. It gathers what is
 * still delivered, waits until all that was written has left, and passes on whether to write.
 */
export class LayerHandover extends LivePlaceholder {
  // The bytes delivered since.
  readonly #received: Bytes[] = [];
  readonly #drained = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<never>();
  // The wait for an empty queue, which comes before the protocol.
  readonly #emptied = new WaitQueue();

  /**
   * Replaces the protocol of `transport`; reading goes on. An exception of that protocol
   * goes to `onError`.
   */
  constructor(transport: Transport, onError: CallbackErrorSink) {
    super(transport, onError);
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
    if (this.transport.getWriteBufferSize() === 0) return callback();
    const emptied = this.#emptied.wait(undefined, callback);
    this.transport.setWriteBufferLimits({ high: 0 });
    await Promise.race([emptied, this.#lost.promise]);
  }

  /**
   * Makes the protocol that was replaced that of another transport, with the gathered bytes and
   * `more`.
   */
  moveTo(transport: Transport, more: readonly Bytes[]): void {
    const unread = [...this.#received, ...more];
    this.handOver(transport, unread.length > 0 ? { unread: joinBytes(unread) } : {});
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
    if (!this.#emptied.releaseFirst()) this.tellWriting(false);
  }

  override connectionLost(error: Error | null): unknown {
    this.#lost.reject(new ConnectionLostError("Cannot remove layer: connection lost"));
    return super.connectionLost(error);
  }
}
