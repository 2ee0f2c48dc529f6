import type {
  AnyProtocol,
  BufferedProtocolCallbacks,
  Bytes,
  ProtocolCallbacks,
} from "../protocols/contract.ts";
import { InvalidStateError } from "../protocols/errors.ts";
import type { ByteSource } from "./carrier.ts";

/** What the incoming half tells its transport. */
export interface InboundEvents {
  /** The peer ended its direction. */
  onEof(): void;
  /** Receiving failed. */
  onReadError(error: unknown): void;
  /** A callback of the protocol threw, or the promise it returned was rejected. */
  onCallbackError(callback: string, error: unknown): void;
}

/** Stands in the place of a chunk when the source has ended. */
const END = Symbol("end of data");

/**
 * The incoming half of a connection: the pump. It drives any async iterator of chunks into any
 * protocol, one chunk at a time: `source.next() -> held -> protocol`.
 *
 * There is never more than one chunk between source and protocol. It waits there while reading is
 * paused, and goes to whichever protocol is set when it is delivered.
 */
export class Inbound {
  readonly #source: ByteSource;
  readonly #events: InboundEvents;
  #protocol: AnyProtocol;
  #buffered: BufferedProtocolCallbacks | null;
  #held: Bytes | typeof END | null = null;
  // What a buffered protocol lent last, and which.
  #lent: Uint8Array | undefined;
  #lender: AnyProtocol | null = null;
  // What the pump is waiting for or calling: tells whose failure an exception is.
  #step: "read" | "getBuffer" | "bufferUpdated" | "dataReceived" = "read";
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

  /** The pump. Returns when the source has ended or failed, or delivery was stopped. Never rejects. */
  async run(): Promise<void> {
    try {
      while (!this.#stopped) {
        if (this.#paused) await this.#resumed();
        else if (this.#held === null) {
          const step = await this.#read();
          if (step.done) this.#held = END;
          else {
            this.#received += step.value.length;
            this.#held = step.value;
          }
        } else if (this.#held === END) return this.#events.onEof();
        else {
          const settled = this.#deliver(this.#held);
          if (settled !== undefined) await settled;
        }
      }
    } catch (error) {
      if (this.#step !== "read") this.#events.onCallbackError(this.#step, error);
      else if (!this.#stopped) this.#events.onReadError(error);
    }
  }

  #read(): Promise<IteratorResult<Bytes, unknown>> {
    if (this.#buffered === null) this.#lent = undefined;
    else this.#lent = this.#borrow(this.#buffered, -1);
    this.#step = "read";
    return this.#source.next(this.#lent);
  }

  #deliver(chunk: Bytes): void | Promise<void> {
    const isLent = this.#lent !== undefined && chunk.buffer === this.#lent.buffer;
    if (this.#buffered !== null) {
      const n = isLent && this.#lender === this.#protocol
        ? chunk.length
        : this.#copyInto(this.#borrow(this.#buffered, chunk.length), chunk);
      this.#held = n < chunk.length ? chunk.subarray(n) : null;
      this.#step = "bufferUpdated";
      return this.#buffered.bufferUpdated?.(n);
    }
    this.#held = null;
    this.#step = "dataReceived";
    const protocol: ProtocolCallbacks = this.#protocol;
    // A chunk read into the buffer of the protocol before this one is not this one's to keep.
    return protocol.dataReceived?.(isLent ? chunk.slice() : chunk);
  }

  #borrow(protocol: BufferedProtocolCallbacks, sizeHint: number): Uint8Array {
    this.#step = "getBuffer";
    const buffer = protocol.getBuffer(sizeHint);
    if (buffer.length === 0) {
      throw new InvalidStateError("Cannot read: getBuffer() returned an empty buffer");
    }
    this.#lender = protocol;
    return buffer;
  }

  #copyInto(target: Uint8Array, chunk: Bytes): number {
    const n = Math.min(target.length, chunk.length);
    target.set(n < chunk.length ? chunk.subarray(0, n) : chunk);
    return n;
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
