import { type Bytes, checkBytes } from "../../protocols/bytes.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { IncompleteReadError, InvalidStateError } from "../../protocols/errors.ts";
import { ReceiveBuffer } from "../../protocols/framing/receive_buffer.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";
import { DataEnd } from "./_data_end.ts";
import { ReadWait } from "./read_wait.ts";
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
  /** How they end. */
  readonly end: DataEnd = new DataEnd();
  readonly #wait = new ReadWait();
  #transport: Transport | null = null;
  #isPaused = false;

  /** Creates an empty state. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether no more will arrive. */
  get isEnded(): boolean {
    return this.end.hasCome;
  }

  /** Whether, besides, everything was read. */
  get isDone(): boolean {
    return this.isEnded && this.buffer.length === 0;
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
    if (this.end.isDiscarding) return;
    if (this.isEnded) throw new InvalidStateError("Cannot feed data: the end was fed before");
    if (chunk.length === 0) return;
    this.buffer.append(chunk);
    this.serve();
    // A read that still waits needs more than that.
    const isFull = this.buffer.length > 2 * this.limit && !this.#wait.isAsking;
    if (!isFull || this.#isPaused || this.#transport === null) return;
    this.#isPaused = true;
    this.#transport.pauseReading();
  }

  /** Marks the end of the data. */
  feedEof(): void {
    this.end.end();
    if (!this.#wait.isEmpty) this.end.meet();
    this.#checkEnd();
    this.serve();
  }

  /** Reads fail with `error` from now on, once the buffered bytes are read. */
  fail(error: Error): void {
    this.end.fail(error);
    this.serve();
  }

  /** The connection is lost: the data has ended, if there was no failure. */
  lose(error: Error | null): void {
    if (error === null) this.feedEof();
    else this.fail(error);
  }

  /** Ends the read that waits, and those that come, with `reason`. They have taken nothing. */
  interrupt(reason: unknown): void {
    this.#wait.interrupt(reason);
  }

  /** Has `callback` called if the data ends, everything was read, and no pending read sees it. */
  onUnmetEnd(callback: () => void): void {
    this.end.onUnmet = callback;
    this.#checkEnd();
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
    if (this.isDone) this.end.meet();
    // A read that is not wanted any more makes way.
    this.serve();
    this.#wait.check(signal);
    // A read that has to wait holds nothing up.
    if ((this.buffer.length > 0 || this.isEnded) && this.#wait.mustRest()) {
      return this.#wait.rest(take, signal, isWanted, () => this.serve());
    }
    const taken = take();
    if (taken !== undefined) return Promise.resolve(this.consume(taken));
    const reading = this.#wait.wait(take, signal);
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
      if (this.isEnded || n > 0 && length > 0) {
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
      if (!this.isEnded) return undefined;
      throw new IncompleteReadError(this.consume(buffer.takeAll()), n);
    });
  }

  /** Copies the next `n` bytes, or all if the data ends before. */
  peek(n: number, signal: WaitSignal | undefined): Promise<Bytes> {
    checkCount("peek at", n);
    const { buffer, limit } = this;
    if (n > limit) throw new RangeError(`Cannot peek at ${n} bytes: the limit is ${limit}`);
    return this.read(signal, () => {
      const isAll = buffer.length >= n || this.isEnded;
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
    if (!this.#wait.isEmpty) {
      throw new InvalidStateError("Cannot unread: a read is waiting for data already");
    }
    if (this.end.isDetached) throw this.end.error;
    if (!this.end.isDiscarding) this.buffer.prepend(bytes);
  }

  /** Passes on what was just taken, now that there is more room. */
  consume<T>(taken: T): T {
    if (this.#isPaused && this.buffer.length <= this.limit) this.#resume();
    this.#checkEnd();
    return taken;
  }

  /** Takes all that is buffered. */
  takeBuffered(): Bytes {
    return this.consume(this.buffer.takeAll());
  }

  /** Removes and returns the bytes for another reader; reading fails from now on. */
  detach(): Bytes {
    this.end.detach();
    const unread = this.takeBuffered();
    this.serve();
    return unread;
  }

  /** Drops what is buffered and what still comes. */
  discard(): void {
    this.end.discard();
    this.buffer.clear();
    this.#resume();
    this.serve();
  }

  /** Has the read that waits take what it can, or end if it is not wanted any more. */
  serve(): void {
    if (this.#wait.isEmpty) return;
    this.#wait.offer();
    if (this.#wait.isEmpty) this.consume(undefined);
    else this.#ask();
  }

  /** Has more bytes come for the read that waits; fails it if none do. */
  #ask(): void {
    if (!this.#wait.isAsking) return;
    if (this.end.error !== null) this.#wait.fail(this.end.error);
    // It needs more than the pause allows, else they would be here.
    else this.#resume();
  }

  /** Calls back a turn after the data has ended and all was read, if nothing asked for more. */
  #checkEnd(): void {
    if (!this.end.isWatched || !this.isDone) return;
    void nextTurn().then(() => this.isDone && this.end.tellUnmet());
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
