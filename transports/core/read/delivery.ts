import type { AnyProtocol, BufferedProtocolCallbacks, Bytes } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { show } from "../../../protocols/option_checks.ts";
import { callBack, type CallbackErrorSink } from "../callbacks.ts";
import { turnBudget } from "../../../protocols/turn_budget.ts";

/**
 * Hands chunks to a protocol, of either kind, one after the other: only while delivery is not paused, and the next only when the
 * promise that the protocol returned for the last one has settled. What cannot be delivered yet waits in
 * order, and goes to whichever protocol is set by then.
 */
export class Delivery {
  readonly #onError: CallbackErrorSink;
  #protocol: AnyProtocol;
  #buffered: BufferedProtocolCallbacks | null;
  readonly #waiting: Bytes[] = [];
  // Delivers what waits; null while nothing does.
  #draining: Promise<void> | null = null;
  #isInCallback = false;
  // What a buffered protocol lent last, and which.
  #lent: Uint8Array | undefined;
  #lender: AnyProtocol | null = null;
  #paused = false;
  #stopped = false;
  #resumed: PromiseWithResolvers<void> | null = null;

  /** Starts unpaused. Exceptions of the protocol go to `onError`, never to the caller. */
  constructor(protocol: AnyProtocol, onError: CallbackErrorSink) {
    this.#protocol = protocol;
    this.#buffered = asBuffered(protocol);
    this.#onError = onError;
  }

  /** Who receives what comes next. */
  get protocol(): AnyProtocol {
    return this.#protocol;
  }

  set protocol(protocol: AnyProtocol) {
    // What a read under way goes into may mean nothing to this one, even if it has lent it before: it gets a copy.
    if (protocol !== this.#protocol) this.#lender = null;
    this.#protocol = protocol;
    this.#buffered = asBuffered(protocol);
  }

  /** Whether delivery is paused. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether delivery was stopped. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Delivers nothing more until {@linkcode resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on delivering. */
  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** Delivers nothing until `until` has resolved; it must not reject. */
  hold(until: Promise<void>): void {
    this.#draining ??= this.#drain(until);
  }

  /** Delivers nothing more, ever. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#wake();
  }

  /** Whether the protocol has chunks copied into a buffer of its own. */
  get isBuffered(): boolean {
    return this.#buffered !== null;
  }

  /** Whether a chunk would be delivered now. */
  get isReady(): boolean {
    return !this.#paused && this.#draining === null && !this.#isInCallback;
  }

  /** Resolves when everything was delivered and more may come, or delivery was stopped. */
  async ready(): Promise<void> {
    while (!this.#stopped && (this.#paused || this.#draining !== null)) {
      await (this.#draining ?? this.#untilResumed());
    }
  }

  /** The buffer that the protocol lends for the next read; `undefined` if it takes chunks. */
  lend(): Uint8Array | undefined {
    if (this.#buffered === null) return this.#lent = undefined;
    return this.#borrow(this.#buffered, -1);
  }

  /** Whether `bytes` lie in memory that the next read may overwrite. */
  mayOverwrite(bytes: Uint8Array): boolean {
    return this.#lent !== undefined && bytes.buffer === this.#lent.buffer;
  }

  /**
   * Delivers a chunk, now if nothing stands in the way.
   *
   * @returns Nothing if it is done; else a promise that resolves when it is.
   */
  push(chunk: Bytes): void | Promise<void> {
    if (this.#stopped) return;
    if (this.#isInCallback) {
      this.#waiting.push(chunk);
      // Whoever runs the callback goes on with it, once the callback's promise has settled.
      return Promise.resolve().then(() => this.ready());
    }
    if (this.#paused || this.#draining !== null) {
      this.#waiting.push(chunk);
      return this.#draining ??= this.#drain();
    }
    const settled = this.#hand(chunk);
    if (settled === undefined && this.#waiting.length === 0) return;
    return this.#draining = this.#drain(settled);
  }

  /** Has bytes delivered before all that waits, but not before this returns. */
  unshift(bytes: Bytes): void {
    if (this.#stopped) return;
    this.#waiting.unshift(this.mayOverwrite(bytes) ? bytes.slice() : bytes);
    if (!this.#isInCallback) this.#draining ??= this.#drain();
  }

  /** Takes back what waits. */
  takeWaiting(): Bytes[] {
    return this.#waiting.splice(0);
  }

  async #drain(settled?: void | Promise<void>): Promise<void> {
    await settled;
    while (!this.#stopped) {
      if (this.#paused) await this.#untilResumed();
      else {
        const chunk = this.#waiting.shift();
        if (chunk === undefined) break;
        await this.#hand(chunk);
        if (turnBudget.spend()) await turnBudget.untilRenewed();
      }
    }
    this.#draining = null;
  }

  /** Hands a chunk to the protocol; what a buffer has no room for goes back to the front. Never throws or rejects. */
  #hand(received: Bytes): void | Promise<void> {
    // What was read into another protocol's buffer is not this one's to keep.
    const isForeign = this.#lender !== this.#protocol && this.mayOverwrite(received);
    const chunk = isForeign ? received.slice() : received;
    this.#isInCallback = true;
    const settled = this.#buffered === null
      ? callBack(this.#protocol, "dataReceived", this.#onError, chunk)
      : this.#update(this.#buffered, chunk);
    this.#isInCallback = false;
    if (settled instanceof Promise) return settled;
  }

  #update(protocol: BufferedProtocolCallbacks, chunk: Bytes): unknown {
    const taken = this.#putInto(protocol, chunk);
    if (taken < chunk.length) this.#waiting.unshift(new Uint8Array(chunk.subarray(taken)));
    if (taken === 0) return undefined;
    return callBack(protocol, "bufferUpdated", this.#onError, taken);
  }

  /** Sees to it that the start of `chunk` is in the protocol's buffer; returns how much of it. */
  #putInto(protocol: BufferedProtocolCallbacks, chunk: Bytes): number {
    const isInPlace = this.#lender === protocol && this.mayOverwrite(chunk) &&
      chunk.byteOffset === this.#lent?.byteOffset;
    if (isInPlace) return chunk.length;
    const target = this.#borrow(protocol, chunk.length);
    if (target === undefined) return 0;
    const n = Math.min(target.length, chunk.length);
    target.set(n < chunk.length ? chunk.subarray(0, n) : chunk);
    return n;
  }

  /** A protocol's buffer; `undefined` if it failed to give one, which was told. */
  #borrow(protocol: BufferedProtocolCallbacks, sizeHint: number): Uint8Array | undefined {
    let hasFailed = false;
    const buffer = callBack(protocol, "getBuffer", (callback, thrown) => {
      hasFailed = true;
      this.#onError(callback, thrown);
    }, sizeHint);
    if (buffer instanceof Uint8Array && buffer.length > 0) {
      this.#lender = protocol;
      return this.#lent = buffer;
    }
    if (!hasFailed) this.#onError("getBuffer", badBuffer(buffer));
    return undefined;
  }

  #wake(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  #untilResumed(): Promise<void> {
    return (this.#resumed ??= Promise.withResolvers()).promise;
  }
}

function badBuffer(buffer: unknown): Error {
  return buffer instanceof Uint8Array
    ? new InvalidStateError("Cannot read: getBuffer() returned an empty buffer")
    : new TypeError(`Cannot read: getBuffer() returned ${show(buffer)}, not a Uint8Array`);
}

function asBuffered(protocol: AnyProtocol): BufferedProtocolCallbacks | null {
  return "getBuffer" in protocol ? protocol : null;
}
