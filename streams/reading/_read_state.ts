import { type Bytes, checkBytes } from "../../protocols/bytes.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { IncompleteReadError, InvalidStateError } from "../../protocols/errors.ts";
import { ReceiveBuffer } from "../../protocols/framing/receive_buffer.ts";
import { TakeWait } from "../../protocols/waits/take_wait.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";
import { DataEnd } from "./_data_end.ts";
import { nextTurn } from "../../transports/core/clock.ts";

const ALWAYS = (): boolean => true;

/**
 * The state of a `StreamReader`: the bytes, how they end, and the one read that may wait. A read
 * takes all its bytes at once, when they are there, so that one which fails before leaves them all.
 */
export class ReadState {
  /** The longest record, in bytes; with more than twice as much buffered the transport pauses. */
  readonly limit: number;
  /** The bytes that arrived and were not read. */
  readonly buffer: ReceiveBuffer = new ReceiveBuffer();
  /** When nothing more arrives, however that comes about. */
  readonly end: DataEnd = new DataEnd();
  // The read that waits.
  readonly #waiting = new TakeWait();
  #isEnded = false;
  #isDiscarding = false;
  #exception: Error | null = null;
  #isDetached = false;
  #transport: Transport | null = null;
  #isPaused = false;
  // Whether a read was told of the end of the data, and what is called if none is.
  #hasMetEnd = false;
  #onUnmetEnd: (() => void) | null = null;
  // Whether the event loop is to turn before a read goes on.
  #isResting = false;
  // Why reads do not wait any more, though data may come.
  #interruption: { readonly reason: unknown } | null = null;

  /** Creates an empty state. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether no more will arrive. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether, besides, everything was read. */
  get isDone(): boolean {
    return this.#isEnded && this.buffer.length === 0;
  }

  /** The error of reads, once the buffered bytes are read; else `null`. */
  get exception(): Error | null {
    return this.#exception;
  }

  /** A protocol that feeds this. */
  asProtocol(): ProtocolCallbacks {
    return {
      connectionMade: (transport) => this.setTransport(transport),
      dataReceived: (chunk) => this.feed(chunk),
      eofReceived: () => this.feedEof(),
      connectionLost: (error) => this.lose(error),
    };
  }

  /** Gives the transport that is paused while too much is buffered. */
  setTransport(transport: Transport): void {
    this.#transport = transport;
    if (this.#isPaused) transport.pauseReading();
  }

  /** Bytes arrived. */
  feed(chunk: Uint8Array): void {
    checkBytes(chunk, "feed");
    if (this.#isDiscarding) return;
    if (this.#isEnded) throw new InvalidStateError("Cannot feed data: the end was fed before");
    if (chunk.length === 0) return;
    this.buffer.append(chunk);
    this.serve();
    // A read that still waits needs more than that.
    const isFull = this.buffer.length > 2 * this.limit && !this.#isAsking;
    if (!isFull || this.#isPaused || this.#transport === null) return;
    this.#isPaused = true;
    this.#transport.pauseReading();
  }

  /** Marks the end of the data. */
  feedEof(): void {
    this.#isEnded = true;
    this.end.reach();
    if (!this.#waiting.isEmpty) this.#hasMetEnd = true;
    this.#checkEnd();
    this.serve();
  }

  /** Reads fail with `error` from now on, once the buffered bytes are read. */
  fail(error: Error): void {
    this.#exception = error;
    this.end.reach();
    this.serve();
  }

  /** The connection is lost: the data has ended, if there was no failure. */
  lose(error: Error | null): void {
    if (error === null) this.feedEof();
    else this.fail(error);
  }

  /** Ends the read that waits, and those that come, with `reason`. They have taken nothing. */
  interrupt(reason: unknown): void {
    this.#interruption = { reason };
    this.#waiting.fail(reason);
  }

  /** Has `callback` called if the data ends, everything was read, and no pending read sees it. */
  onUnmetEnd(callback: () => void): void {
    this.#onUnmetEnd = callback;
    if (this.#isEnded) this.#checkEnd();
  }

  /**
   * Reads.
   *
   * @param signal Ends the waiting.
   * @param take Takes bytes out of the buffer, or none and gives `undefined` if there are too few
   * and more may come. A read that waits is asked in the call that brings more.
   * @param isWanted Whether it is still to wait, if {@linkcode serve} is called.
   * @returns What `take` gives.
   */
  read<T>(
    signal: WaitSignal | undefined,
    take: () => T | undefined,
    isWanted: () => boolean = ALWAYS,
  ): Promise<T> {
    if (this.#begin(signal)) {
      this.#rest();
      const takeRested = () => this.#isResting && isWanted() ? undefined : take();
      return this.#waiting.wait(takeRested, signal);
    }
    const taken = take();
    if (taken !== undefined) return Promise.resolve(this.consume(taken));
    const reading = this.#waiting.wait(take, signal);
    this.#ask();
    return reading;
  }

  /** Reads at most `n` bytes as soon as there is one; below 0 all up to the end. */
  readSome(n: number, signal: WaitSignal | undefined): Promise<Bytes> {
    if (!Number.isInteger(n)) throw new RangeError(`Cannot read ${n} bytes: not a whole number`);
    if (n === 0) return Promise.resolve(new Uint8Array(0));
    const { buffer } = this;
    return this.read(signal, () => {
      const { length } = buffer;
      if (this.#isEnded || n > 0 && length > 0) {
        return buffer.take(n < 0 ? length : Math.min(n, length));
      }
      return undefined;
    });
  }

  /** Reads exactly `n` bytes. */
  readExactly(n: number, signal: WaitSignal | undefined): Promise<Bytes> {
    checkCount("read", n);
    if (n === 0) return Promise.resolve(new Uint8Array(0));
    const { buffer } = this;
    return this.read(signal, () => {
      if (buffer.length >= n) return buffer.take(n);
      if (!this.#isEnded) return undefined;
      throw new IncompleteReadError(this.consume(buffer.takeAll()), n);
    });
  }

  /** Copies the next `n` bytes, or all if the data ends before. */
  peek(n: number, signal: WaitSignal | undefined): Promise<Bytes> {
    checkCount("peek at", n);
    const { buffer, limit } = this;
    if (n > limit) throw new RangeError(`Cannot peek at ${n} bytes: the limit is ${limit}`);
    return this.read(signal, () => {
      const isAll = buffer.length >= n || this.#isEnded;
      return isAll ? buffer.peek(Math.min(n, buffer.length)) : undefined;
    });
  }

  /**
   * Puts bytes in front of those that are buffered.
   *
   * @throws {InvalidStateError} If a read is waiting, or the connection was handed over.
   */
  unread(bytes: Bytes): void {
    this.serve();
    if (!this.#waiting.isEmpty) {
      throw new InvalidStateError("Cannot unread: a read is waiting for data already");
    }
    if (this.#isDetached) throw this.#exception;
    if (!this.#isDiscarding) this.buffer.prepend(bytes);
  }

  /** Passes on what was just taken, now that there is more room. */
  consume<T>(taken: T): T {
    if (this.#isPaused && this.buffer.length <= this.limit) this.#resume();
    if (this.#isEnded) this.#checkEnd();
    return taken;
  }

  /** Takes all that is buffered. */
  takeBuffered(): Bytes {
    return this.consume(this.buffer.takeAll());
  }

  /** Removes and returns the bytes for another reader; reading fails from now on. */
  detach(): Bytes {
    this.#isDetached = true;
    this.#exception = new InvalidStateError("Cannot read: the connection was handed over");
    // The end of the data is the next one's to hear of.
    this.#isEnded = false;
    const unread = this.takeBuffered();
    this.serve();
    return unread;
  }

  /** Drops what is buffered and what still comes. */
  discard(): void {
    this.#isDiscarding = true;
    this.#isEnded = true;
    this.end.reach();
    this.buffer.clear();
    this.#resume();
    this.serve();
  }

  /**
   * Waits on behalf of the Web stream; returns how many bytes can be taken, `null` if they are not
   * wanted.
   */
  waitForStream(
    least: number,
    isWanted: () => boolean,
    signal?: WaitSignal,
  ): Promise<number | null> {
    const { buffer } = this;
    const look = () =>
      !isWanted() ? null : buffer.length >= least || this.#isEnded ? buffer.length : undefined;
    return this.read<number | null>(signal, look, isWanted);
  }

  /** Has the read that waits take what it can, or end if it is not wanted any more. */
  serve(): void {
    if (this.#waiting.isEmpty) return;
    this.#waiting.offer();
    if (this.#waiting.isEmpty) this.consume(undefined);
    else this.#ask();
  }

  /** Begins a read: no other one may be waiting. Returns whether to {@linkcode #rest} first. */
  #begin(signal: WaitSignal | undefined): boolean {
    if (this.isDone) this.#hasMetEnd = true;
    this.serve();
    if (!this.#waiting.isEmpty) {
      throw new InvalidStateError(
        "Cannot read: another read is already waiting for data; is an await missing?",
      );
    }
    signal?.throwIfAborted();
    if (this.#interruption !== null) throw this.#interruption.reason;
    // A read that has to wait holds nothing up; one that was aborted while it rested has rested
    // enough.
    const mayGoOn = this.buffer.length > 0 || this.#isEnded;
    return mayGoOn && turnBudget.spend() && !this.#isResting;
  }

  /** Lets the event loop turn: reads of buffered bytes could otherwise go on for ever. */
  #rest(): void {
    this.#isResting = true;
    void turnBudget.untilRenewed().then(() => {
      this.#isResting = false;
      this.serve();
    });
  }

  /** Whether a read waits for bytes that have not come. */
  get #isAsking(): boolean {
    return !this.#waiting.isEmpty && !this.#isResting;
  }

  /** Has more bytes come for the read that waits; fails it if none do. */
  #ask(): void {
    if (!this.#isAsking) return;
    if (this.#exception !== null) this.#waiting.fail(this.#exception);
    // It needs more than the pause allows, else they would be here.
    else this.#resume();
  }

  /** Calls back a turn after the data has ended and all was read, if nothing asked for more. */
  #checkEnd(): void {
    if (this.#onUnmetEnd === null || this.buffer.length > 0) return;
    void nextTurn().then(() => !this.#hasMetEnd && this.isDone && this.#onUnmetEnd?.());
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport?.resumeReading();
  }
}

function checkCount(action: string, n: number): void {
  if (Number.isInteger(n) && n >= 0) return;
  throw new RangeError(`Cannot ${action} ${n} bytes: not a whole number of at least 0`);
}
