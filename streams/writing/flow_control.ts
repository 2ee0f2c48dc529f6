import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { SharedWait, type WaitQueue } from "../../protocols/waits/wait_queue.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";
import { WriteRoom } from "../../protocols/waits/write_room.ts";
import { nextTurn } from "../../transports/core/clock.ts";
import { type SendableFile, sendFileBy, type SendFileOptions } from "../../transports/send_file.ts";
import { sentQueueOf } from "../../transports/core/write/writing.ts";

/** Shared by all that need not wait: `drain()` in a loop then allocates nothing. */
const READY: Promise<void> = Promise.resolve();

/**
 * The waits of a writer: for room, for emptiness, for the end. It hears `pauseWriting`,
 * `resumeWriting` and `connectionLost` from the protocol that owns it: asyncio's
 * `FlowControlMixin`.
 */
export class FlowControl {
  #transport: Transport | null = null;
  readonly #room = new WriteRoom();
  #handedOver: InvalidStateError | null = null;
  // Why there are no more waits, though the connection goes on.
  #interruption: { readonly reason: unknown } | null = null;
  // Where a flush() waits; null before the first one.
  #flushing: Set<WaitQueue> | null = null;
  #emptying: SharedWait<void> | null = null;
  #closing: SharedWait<CloseInfo> | null = null;

  /**
   * The transport that is written to.
   *
   * @throws {InvalidStateError} If there is none yet.
   */
  get transport(): Transport {
    if (this.#transport === null) throw new InvalidStateError("Cannot write: not connected yet");
    return this.#transport;
  }

  set transport(transport: Transport) {
    this.#transport = transport;
    this.#closing = null;
  }

  /**
   * The transport, to write to it.
   *
   * @throws {InvalidStateError} If there is none yet, or it was handed over.
   */
  get output(): Transport {
    if (this.#handedOver !== null) throw this.#handedOver;
    return this.transport;
  }

  /** A protocol that does nothing but tell this. */
  asProtocol(): ProtocolCallbacks {
    return {
      connectionMade: (transport) => this.transport = transport,
      pauseWriting: () => this.pauseWriting(),
      resumeWriting: () => this.resumeWriting(),
      writingFailed: (error) => this.writingFailed(error),
      connectionLost: (error) => this.connectionLost(error),
    };
  }

  /** As the protocol's callback. */
  pauseWriting(): void {
    this.#room.pause();
  }

  /** As the protocol's callback. */
  resumeWriting(): void {
    this.#room.resume();
  }

  /** Told when sending fails while the connection is not lost. */
  onFailure: ((error: Error) => void) | null = null;

  /** Why nothing can be sent any more, while the connection is not lost; else `null`. */
  get failure(): Error | null {
    return this.#room.failure;
  }

  /** As the protocol's callback: those who wait for room fail, and so do those who come. */
  writingFailed(error: Error): void {
    this.#room.fail(error);
    this.onFailure?.(error);
  }

  /**
   * As the protocol's callback: those who wait for room go on after an orderly end and fail with an
   * error.
   */
  connectionLost(error: Error | null): void {
    this.#room.lose(error);
    if (error === null) this.#room.waits.release();
    else this.#room.waits.fail(error);
  }

  /** Another writer has the transport from now on: waits for room fail, and so do later ones. */
  handOver(): void {
    this.#handedOver = new InvalidStateError("Cannot write: the connection was handed over");
    this.#failWaits(this.#handedOver);
  }

  /** Ends the waits under way, and those that come, with `reason`. Written bytes are still sent. */
  interrupt(reason: unknown): void {
    this.#interruption = { reason };
    this.#failWaits(reason);
    for (const wait of [this.#emptying, this.#closing]) wait?.fail(reason);
  }

  #failWaits(reason: unknown): void {
    for (const queue of [this.#room.waits, ...this.#flushing ?? []]) queue.fail(reason);
  }

  /** Waits for room; see `StreamWriter.drain`. */
  drain(signal?: WaitSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#handedOver !== null) return Promise.reject(this.#handedOver);
    if (this.#interruption !== null) return ignored(Promise.reject(this.#interruption.reason));
    if (this.#room.isOpen && !this.transport.isClosing()) {
      // A loop of `write` and `drain` into a peer that takes everything must not hold up the
      // others.
      return turnBudget.spend() ? turnBudget.untilRenewed(signal) : READY;
    }
    return ignored(this.#drainInTime(signal));
  }

  #drainInTime(signal?: WaitSignal): Promise<void> {
    const { error, waits } = this.#room;
    if (error !== null) return Promise.reject(error);
    return this.transport.isClosing() ? this.#drainClosing(signal) : waits.wait(signal);
  }

  /** Waits until what was written is sent; see `StreamWriter.flush`. */
  async flush(signal?: WaitSignal): Promise<void> {
    this.#checkWait(signal);
    const queue = sentQueueOf(this.output);
    if (queue === undefined) await this.#untilEmpty(signal);
    else if (queue !== null) await this.#untilSent(queue, signal);
    if (this.#room.failure !== null) throw this.#room.failure;
    if (!this.output.isClosing()) return;
    const { error, bytesUnsent } = await this.#closed().wait(signal);
    if (error !== null || bytesUnsent > 0) throw error ?? new ConnectionLostError();
  }

  /** Sends a file; see `StreamWriter.sendFile`. */
  async sendFile(file: SendableFile, options: SendFileOptions = {}): Promise<number> {
    this.#checkWait(undefined);
    const untilSent = async (queue: WaitQueue | null, signal?: WaitSignal) => {
      this.#checkWait(signal);
      if (queue !== null) await this.#untilSent(queue, signal);
    };
    return await sendFileBy(this.output, file, options, untilSent);
  }

  /** Waits for the end of the connection; see `StreamWriter.waitClosed`. */
  async waitClosed(signal?: WaitSignal): Promise<void> {
    this.#checkWait(signal);
    const { error } = await this.#closed().wait(signal);
    if (error !== null) throw error;
  }

  #checkWait(signal: WaitSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#interruption !== null) throw this.#interruption.reason;
  }

  async #untilSent(queue: WaitQueue, signal?: WaitSignal): Promise<void> {
    const flushing = this.#flushing ??= new Set();
    flushing.add(queue);
    try {
      await queue.wait(signal);
    } finally {
      if (queue.isEmpty) flushing.delete(queue);
    }
  }

  /** For a transport that does not tell how much is sent. */
  async #untilEmpty(signal?: WaitSignal): Promise<void> {
    while (!this.#room.isLost && this.output.getWriteBufferSize() > 0) {
      this.#emptying ??= new SharedWait(this.#emptyNow());
      await this.#emptying.wait(signal);
    }
  }

  /**
   * With both marks at zero the transport says `resumeWriting` when it is empty, and not before.
   */
  async #emptyNow(): Promise<void> {
    const { transport } = this;
    const limits = transport.getWriteBufferLimits();
    transport.setWriteBufferLimits({ high: 0 });
    // Fails if the connection is lost, which is looked up by those who wait.
    if (this.#room.isPaused) await this.#room.waits.wait().catch(() => {});
    transport.setWriteBufferLimits(limits);
    this.#emptying = null;
  }

  #closed(): SharedWait<CloseInfo> {
    return this.#closing ??= new SharedWait(this.transport.closed);
  }

  /** A loop of `write` and `drain` must not spin on a connection whose loss is about to be told. */
  async #drainClosing(signal?: WaitSignal): Promise<void> {
    await nextTurn();
    const { error, isLost, isPaused, waits } = this.#room;
    if (isLost) throw error;
    if (isPaused) await waits.wait(signal);
  }
}

/**
 * The connection tells of its loss by itself: a drain() that nothing awaits must not end the
 * process.
 */
function ignored(drained: Promise<void>): Promise<void> {
  drained.catch(() => {});
  return drained;
}
