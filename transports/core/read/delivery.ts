import { type Bytes, checkBytes, copyOf } from "../../../protocols/bytes.ts";
import type { AnyProtocol } from "../../../protocols/contract.ts";
import type { CallbackErrorSink } from "../callbacks.ts";
import { keepable } from "../memory/loan.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import { borrows, firstOf, giveChunk, giveRead } from "./give_chunk.ts";
import { LentBuffer } from "./lent_buffer.ts";

/** A chunk that waited has become empty. */
const GONE = "Cannot deliver a chunk whose memory was transferred away while it waited";

/**
 * Hands chunks to a protocol, of any kind, one after the other: only while delivery is not paused,
 * and the next only when the promise that the protocol returned for the last one has settled. The
 * chunks that have to wait keep their order, and go to the protocol that is set by then.
 *
 * ```text
 * idle      push -> calling, or draining if paused   unshift, hold -> draining
 * calling   the callback returns -> idle, or draining if its promise or a chunk waits
 * draining  nothing waits any more -> idle
 * stopped   by stop: nothing is delivered any more
 * ```
 */
export class Delivery {
  readonly #onError: CallbackErrorSink;
  #protocol: AnyProtocol;
  // If the protocol has chunks put into a buffer of its own.
  #buffer: LentBuffer | null;
  #state: "idle" | "calling" | "draining" | "stopped" = "idle";
  #isPaused = false;
  readonly #waiting: Bytes[] = [];
  // It resolves before the next chunk goes on: the callback of the last one, a hold.
  #barrier: Promise<unknown> | null = null;
  // The waits for another state.
  #changed: WaitQueue | null = null;

  /** Starts unpaused. Exceptions of the protocol go to `onError`, never to the caller. */
  constructor(protocol: AnyProtocol, onError: CallbackErrorSink) {
    this.#protocol = protocol;
    this.#buffer = LentBuffer.of(protocol, onError);
    this.#onError = onError;
  }

  /** Who receives what comes next. */
  get protocol(): AnyProtocol {
    return this.#protocol;
  }

  set protocol(protocol: AnyProtocol) {
    if (protocol === this.#protocol) return;
    this.#protocol = protocol;
    // A read under way may fill a buffer of the last protocol. This one gets a copy, even if it has
    // lent that buffer before.
    this.#buffer = LentBuffer.of(protocol, this.#onError);
  }

  /** Whether delivery is paused. */
  get paused(): boolean {
    return this.#isPaused;
  }

  /** Whether delivery was stopped. */
  get stopped(): boolean {
    return this.#state === "stopped";
  }

  /** Delivers nothing more until {@linkcode resume}. */
  pause(): void {
    this.#isPaused = !this.stopped;
  }

  /** Goes on delivering. */
  resume(): void {
    this.#isPaused = false;
    this.#changed?.release();
  }

  /** Delivers nothing until `until` has resolved; it must not reject. */
  hold(until: Promise<unknown>): void {
    this.#barrier = this.#barrier === null ? until : Promise.all([this.#barrier, until]);
    this.#drainIfIdle();
  }

  /** Delivers nothing more, ever. */
  stop(): void {
    this.#state = "stopped";
    this.#waiting.length = 0;
    this.resume();
  }

  /** Whether the protocol has chunks lent: they need no memory of their own. */
  get isBorrower(): boolean {
    return this.#buffer === null && borrows(this.#protocol);
  }

  /** Whether the protocol takes large chunks as a whole: none of ours that copies their parts. */
  get takesBulk(): boolean {
    const { takesPieces } = this.#protocol as { takesPieces?: boolean };
    return this.#buffer === null && takesPieces !== true;
  }

  /** Whether a chunk would be delivered now. */
  get isReady(): boolean {
    return this.#state === "idle" && !this.#isPaused;
  }

  /** Whether something has come that was not delivered. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when everything was delivered and more may come, or delivery was stopped. */
  async ready(): Promise<void> {
    while (!this.stopped && !this.isReady) await this.#untilChanged();
  }

  /** Resolves when everything that came so far was delivered, or delivery was stopped. */
  async delivered(): Promise<void> {
    while (!this.stopped && this.#state !== "idle") await this.#untilChanged();
  }

  /** The buffer that the protocol lends for the next read; `undefined` if it takes chunks. */
  lend(): Uint8Array | undefined {
    return this.#buffer?.lend(-1);
  }

  /**
   * Delivers a chunk, now if nothing stands in the way. A protocol that takes chunks gets one with
   * a buffer of its own, or has it lent.
   *
   * @param chunk The received bytes, which have no other user.
   * @param target The buffer that {@linkcode lend} gave for this read: the chunk may lie in it.
   * @param isOwner Whether the chunk has a buffer of its own.
   * @returns Nothing if it is done; else a promise that resolves when it is.
   * @throws {TypeError} If the chunk is not bytes, or its memory was transferred away.
   */
  push(chunk: Bytes, target?: Uint8Array, isOwner: boolean = false): void | Promise<void> {
    if (this.stopped) return;
    checkBytes(chunk, "receive");
    if (chunk.length === 0) return;
    const isInTarget = target !== undefined && chunk.buffer === target.buffer;
    const isOwn = isOwner && !isInTarget;
    if (!this.isReady) return this.#wait(isOwn ? chunk : keepable(chunk));
    this.#state = "calling";
    this.#hand(chunk, isInTarget, isOwn);
    return this.#afterCall();
  }

  /**
   * Delivers the first `n` bytes of memory that is read into again, as {@linkcode push}.
   *
   * @param isSpare Whether the memory may be taken away. It is empty then; or, while a promise is
   * pending, still lent: what is read meanwhile goes elsewhere.
   */
  receive(memory: Bytes, n: number, isSpare: boolean): void | Promise<void> {
    if (this.stopped) return;
    if (!this.isReady) return this.#wait(copyOf(memory, 0, n));
    this.#state = "calling";
    this.#handRead(memory, n, isSpare);
    return this.#afterCall();
  }

  /** Has bytes delivered before all that waits, but not before this returns. */
  unshift(bytes: Bytes): void {
    if (this.stopped) return;
    this.#waiting.unshift(keepable(bytes));
    this.#drainIfIdle();
  }

  /** Takes back what waits. */
  takeWaiting(): Bytes[] {
    return this.#waiting.splice(0);
  }

  #wait(chunk: Bytes): Promise<void> {
    this.#waiting.push(chunk);
    this.#drainIfIdle();
    return this.delivered();
  }

  /** The callback has returned. */
  #afterCall(): void | Promise<void> {
    if (this.stopped) return;
    if (this.#barrier !== null || this.#waiting.length > 0) return this.#drain();
    this.#rest();
  }

  #drainIfIdle(): void {
    if (this.#state === "idle") void this.#drain();
  }

  /** Delivers all that waits, but not before this returns. */
  async #drain(): Promise<void> {
    this.#state = "draining";
    while (!this.stopped) {
      const barrier = this.#barrier;
      await barrier;
      // Another hold may have come meanwhile.
      if (this.#barrier !== barrier) continue;
      this.#barrier = null;
      if (this.#waiting.length === 0) break;
      if (this.#isPaused) await this.#untilChanged();
      else this.#handNext();
    }
    this.#rest();
  }

  #handNext(): void {
    const chunk = this.#waiting.shift();
    if (chunk !== undefined) this.#hand(chunk, false, false);
    if (turnBudget.spend()) this.hold(turnBudget.untilRenewed());
  }

  /** There is nothing to do now. */
  #rest(): void {
    if (!this.stopped) this.#state = "idle";
    this.#changed?.release();
  }

  #untilChanged(): Promise<void> {
    return (this.#changed ??= new WaitQueue()).wait();
  }

  /** Hands a chunk to the protocol, as {@linkcode push} has it. Never throws. */
  #hand(chunk: Bytes, isInTarget: boolean, isOwn: boolean): void {
    if (chunk.length === 0) return this.#onError("dataReceived", new TypeError(GONE));
    this.#await(
      this.#buffer !== null
        ? this.#buffer.take(chunk, isInTarget, this.#waiting)
        : giveChunk(this.#protocol, this.#onError, chunk, isOwn),
    );
  }

  /** {@linkcode Delivery.#hand} of memory, for {@linkcode receive}. */
  #handRead(memory: Bytes, n: number, isSpare: boolean): void {
    this.#await(
      this.#buffer !== null
        ? this.#buffer.take(firstOf(memory, n), false, this.#waiting)
        : giveRead(this.#protocol, this.#onError, memory, n, isSpare),
    );
  }

  /** Nothing more is delivered before the promise that a callback returned. */
  #await(settled: unknown): void {
    if (settled instanceof Promise) this.hold(settled);
  }
}
