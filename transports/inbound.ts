import type {
  AnyProtocol,
  BufferedProtocolCallbacks,
  Bytes,
  ProtocolCallbacks,
} from "../protocols/contract.ts";
import { InvalidStateError } from "../protocols/errors.ts";
import type { ByteSource } from "./carrier.ts";
import { concat } from "./concat.ts";

/** What the incoming half tells its transport. */
export interface InboundEvents {
  /** The peer ended its direction. */
  onEof(): void;
  /** Receiving failed. */
  onReadError(error: unknown): void;
  /** A callback of the protocol threw, or the promise it returned was rejected. */
  onCallbackError(callback: string, error: unknown): void;
}

/**
 * The incoming half of a connection: the pump. It drives any async iterator of chunks into any
 * protocol, one chunk at a time: `source.next() -> held -> protocol`.
 *
 * There is never more than one chunk of the source between it and the protocol. It is held while
 * reading is paused, and goes to whichever protocol is set when it is delivered.
 */
export class Inbound {
  readonly #source: ByteSource;
  readonly #events: InboundEvents;
  #protocol: AnyProtocol;
  #buffered: BufferedProtocolCallbacks | null;
  #held: Bytes | null = null;
  // How the source ended: an error, or "eof" in its place.
  #outcome: { readonly error: unknown } | "eof" | null = null;
  // What a buffered protocol lent last, and which.
  #lent: Uint8Array | undefined;
  #lender: AnyProtocol | null = null;
  #isReading = false;
  // Delivers what was unshifted while a read is under way.
  #draining: Promise<void> | null = null;
  #paused = false;
  #stopped = false;
  #wake: (() => void) | null = null;
  #received = 0;

  /** Starts reading with {@linkcode run}. */
  constructor(source: ByteSource, protocol: AnyProtocol, events: InboundEvents) {
    this.#source = source;
    this.#protocol = protocol;
    this.#buffered = asBuffered(protocol);
    this.#events = events;
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether delivery is paused. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Who receives what comes next. */
  get protocol(): AnyProtocol {
    return this.#protocol;
  }

  set protocol(protocol: AnyProtocol) {
    this.#protocol = protocol;
    this.#buffered = asBuffered(protocol);
  }

  /** Whether `bytes` lie in memory that the next read may overwrite. */
  mayOverwrite(bytes: Uint8Array): boolean {
    return this.#lent !== undefined && bytes.buffer === this.#lent.buffer;
  }

  /** Delivers nothing more until {@linkcode resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on delivering. */
  resume(): void {
    this.#paused = false;
    this.#wakeUp();
  }

  /** Delivers nothing more, ever. */
  stop(): void {
    this.#stopped = true;
    this.#wakeUp();
  }

  /** Has bytes delivered before anything else. */
  unshift(bytes: Bytes): void {
    this.#held = this.#held === null ? bytes : concat([bytes, this.#held]);
    if (this.#isReading) this.#draining ??= this.#drain();
  }

  /** The pump. Returns when the source has ended or failed, or delivery was stopped. Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#draining !== null) await this.#draining;
      else if (this.#held !== null) {
        if (this.#paused) await this.#resumed();
        else {
          const settled = this.#deliver(this.#held);
          if (settled !== undefined) await settled;
        }
      } else if (this.#outcome !== null && this.#outcome !== "eof") {
        return this.#events.onReadError(this.#outcome.error);
      } else if (this.#paused) await this.#resumed();
      else if (this.#outcome === "eof") return this.#events.onEof();
      else await this.#read();
    }
  }

  async #read(): Promise<void> {
    this.#lent = this.#buffered === null ? undefined : this.#borrow(this.#buffered, -1);
    if (this.#stopped) return;
    this.#isReading = true;
    try {
      const step = await this.#source.next(this.#lent);
      if (step.done) this.#outcome = "eof";
      else {
        this.#received += step.value.length;
        this.#held = this.#held === null ? step.value : concat([this.#held, step.value]);
      }
    } catch (error) {
      this.#outcome = { error };
    } finally {
      this.#isReading = false;
    }
  }

  /** Delivers what is held while {@linkcode run} waits for the source. */
  async #drain(): Promise<void> {
    // Not inside the call of the user that unshifted.
    await null;
    while (this.#held !== null && !this.#stopped) {
      if (this.#paused) await this.#resumed();
      else await this.#deliver(this.#held);
    }
    this.#draining = null;
  }

  /** Hands a chunk, or its start, to the protocol. Never throws or rejects. */
  #deliver(chunk: Bytes): void | Promise<void> {
    let callback = "dataReceived";
    let settled: void | Promise<void>;
    try {
      if (this.#buffered !== null) {
        const taken = this.#putInto(this.#buffered, chunk);
        if (taken === 0) return;
        callback = "bufferUpdated";
        this.#held = taken < chunk.length ? chunk.subarray(taken) : null;
        settled = this.#buffered.bufferUpdated?.(taken);
      } else {
        this.#held = null;
        const protocol: ProtocolCallbacks = this.#protocol;
        // A chunk that was read into another protocol's buffer is not this one's to keep.
        settled = protocol.dataReceived?.(this.mayOverwrite(chunk) ? chunk.slice() : chunk);
      }
    } catch (error) {
      return this.#events.onCallbackError(callback, error);
    }
    return settled?.then(undefined, (error) => this.#events.onCallbackError(callback, error));
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

  /** A protocol's buffer; `undefined` if it failed to give one, which was reported. */
  #borrow(protocol: BufferedProtocolCallbacks, sizeHint: number): Uint8Array | undefined {
    try {
      const buffer = protocol.getBuffer(sizeHint);
      if (buffer.length > 0) {
        this.#lender = protocol;
        return buffer;
      }
      throw new InvalidStateError("Cannot read: getBuffer() returned an empty buffer");
    } catch (error) {
      this.#events.onCallbackError("getBuffer", error);
      return undefined;
    }
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }
}

function asBuffered(protocol: AnyProtocol): BufferedProtocolCallbacks | null {
  return "getBuffer" in protocol ? protocol : null;
}
