import { type Bytes, checkBytes, copyOf } from "../../../protocols/bytes.ts";
import type { AnyProtocol, ProtocolCallbacks } from "../../../protocols/contract.ts";
import { callBack, type CallbackErrorSink } from "../callbacks.ts";
import { isOnLoan, keepable, Loan, owned } from "../memory/loan.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import { LentBuffer } from "./lent_buffer.ts";
import { chunkToGive, chunkToLend, firstOf, pooledCopy } from "./read_buffer.ts";

/**
 * Hands chunks to a protocol, of any kind, one after the other: only while delivery is not
 * paused, and the next only when the promise that the protocol returned for the last one has
 * settled. Chunks that cannot be delivered yet wait in order, and go to the protocol that is set
 * by then.
 */
export class Delivery {
  readonly #onError: CallbackErrorSink;
  #protocol: AnyProtocol;
  // If the protocol has chunks put into a buffer of its own.
  #buffer: LentBuffer | null;
  readonly #waiting: Bytes[] = [];
  // Delivers what waits; null while nothing does.
  #draining: Promise<void> | null = null;
  // Another promise that has to resolve before that goes on.
  #held: Promise<unknown> | null = null;
  #isInCallback = false;
  #state: "flowing" | "paused" | "stopped" = "flowing";
  // The waits for another state.
  #resumed: WaitQueue | null = null;

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
    return this.#state === "paused";
  }

  /** Whether delivery was stopped. */
  get stopped(): boolean {
    return this.#state === "stopped";
  }

  /** Delivers nothing more until {@linkcode resume}. */
  pause(): void {
    if (!this.stopped) this.#state = "paused";
  }

  /** Goes on delivering. */
  resume(): void {
    if (!this.stopped) this.#state = "flowing";
    this.#resumed?.release();
  }

  /** Delivers nothing until `until` has resolved; it must not reject. */
  hold(until: Promise<void>): void {
    if (this.#draining === null) this.#draining = this.#drain(until);
    else this.#held = Promise.all([this.#held, until]);
  }

  /** Delivers nothing more, ever. */
  stop(): void {
    this.#state = "stopped";
    this.#waiting.length = 0;
    this.#resumed?.release();
  }

  /** Whether the protocol has chunks lent: they need no memory of their own. */
  get isBorrower(): boolean {
    return this.#buffer === null && (this.#protocol as ProtocolCallbacks).borrowsChunks === true;
  }

  /** Whether the protocol takes large chunks as a whole: none of ours that copies their parts. */
  get takesBulk(): boolean {
    const { takesPieces } = this.#protocol as { takesPieces?: boolean };
    return this.#buffer === null && takesPieces !== true;
  }

  /** Whether a chunk would be delivered now. */
  get isReady(): boolean {
    return !this.paused && this.#draining === null && !this.#isInCallback;
  }

  /** Whether something has come that was not delivered. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when everything was delivered and more may come, or delivery was stopped. */
  async ready(): Promise<void> {
    while (!this.stopped && (this.paused || this.#draining !== null)) {
      await (this.#draining ?? (this.#resumed ??= new WaitQueue()).wait());
    }
  }

  /** Resolves when everything that came so far was delivered, or delivery was stopped. */
  async delivered(): Promise<void> {
    while (!this.stopped && this.#draining !== null) await this.#draining;
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
   * @param target What {@linkcode lend} gave for this read: the chunk may lie in it.
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
    return this.#settle(this.#hand(chunk, isInTarget, isOwn));
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
    return this.#settle(this.#handRead(memory, n, isSpare));
  }

  #settle(settled: void | Promise<void>): void | Promise<void> {
    if (settled === undefined && this.#waiting.length === 0) return;
    return this.#draining = this.#drain(settled);
  }

  #wait(chunk: Bytes): Promise<void> {
    this.#waiting.push(chunk);
    // The caller of the callback goes on with it, once the callback's promise has settled.
    if (this.#isInCallback) return Promise.resolve().then(() => this.ready());
    return this.#draining ??= this.#drain();
  }

  /** Has bytes delivered before all that waits, but not before this returns. */
  unshift(bytes: Bytes): void {
    if (this.stopped) return;
    this.#waiting.unshift(keepable(bytes));
    if (!this.#isInCallback) this.#draining ??= this.#drain();
  }

  /** Takes back what waits. */
  takeWaiting(): Bytes[] {
    return this.#waiting.splice(0);
  }

  async #drain(settled?: void | Promise<void>): Promise<void> {
    await settled;
    while (!this.stopped) {
      const held = this.#held;
      this.#held = null;
      if (held !== null) await held;
      else if (this.paused) await (this.#resumed ??= new WaitQueue()).wait();
      else {
        const chunk = this.#waiting.shift();
        if (chunk === undefined) break;
        await this.#hand(chunk, false);
        if (turnBudget.spend()) await turnBudget.untilRenewed();
      }
    }
    this.#draining = null;
  }

  /**
   * Hands a chunk to the protocol; what a buffer has no room for goes back to the front. Never
   * throws or rejects.
   *
   * @param chunk The chunk.
   * @param isInTarget Whether it lies in what was lent for this read.
   * @param isOwn Whether it has a buffer of its own.
   */
  #hand(chunk: Bytes, isInTarget: boolean, isOwn: boolean = false): void | Promise<void> {
    if (chunk.length === 0) return this.#onError("dataReceived", goneChunk());
    if (this.#buffer !== null) return this.#putInto(this.#buffer, chunk, isInTarget);
    if (!this.isBorrower) return this.#give(isOwn ? chunk : owned(chunk));
    // A layer passes on what it was lent itself.
    if (!isOwn && isOnLoan(chunk)) return this.#give(chunk);
    // Others may go on using any other memory: a copy of it is lent.
    return this.#lend(isOwn ? chunk : pooledCopy(chunk, chunk.length));
  }

  /** {@linkcode Delivery.#hand} of what {@linkcode receive} is given. */
  #handRead(memory: Bytes, n: number, isSpare: boolean): void | Promise<void> {
    if (this.#buffer !== null) return this.#putInto(this.#buffer, firstOf(memory, n), false);
    if (this.isBorrower) return this.#lend(chunkToLend(memory, n, isSpare));
    return this.#give(chunkToGive(memory, n, isSpare));
  }

  #lend(chunk: Bytes): void | Promise<void> {
    const loan = Loan.begin(chunk.buffer);
    return loan.end(this.#give(chunk));
  }

  #give(chunk: Bytes): void | Promise<void> {
    this.#isInCallback = true;
    const settled = callBack(this.#protocol, "dataReceived", this.#onError, chunk);
    this.#isInCallback = false;
    if (settled instanceof Promise) return settled;
  }

  #putInto(buffer: LentBuffer, bytes: Bytes, isInTarget: boolean): void | Promise<void> {
    this.#isInCallback = true;
    const isThere = isInTarget && buffer.holds(bytes);
    // The protocol may lend the memory anew where bytes lie that were read into it before.
    const chunk = isInTarget && !isThere ? copyOf(bytes) : bytes;
    const taken = isThere ? chunk.length : buffer.put(chunk);
    // The chunk may lie in memory that is read into again.
    if (taken < chunk.length) this.#waiting.unshift(copyOf(chunk, taken));
    const settled = taken === 0 ? undefined : buffer.update(taken);
    this.#isInCallback = false;
    if (settled instanceof Promise) return settled;
  }
}

/** A chunk that waited has become empty. */
function goneChunk(): Error {
  return new TypeError("Cannot deliver a chunk whose memory was transferred away while it waited");
}
