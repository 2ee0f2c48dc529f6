import { copyOf } from "../../protocols/bytes.ts";
import type { Address } from "../../protocols/facts/address.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import { CarrierMessageError, WebSocketClosedError } from "../../protocols/errors.ts";
import type { Carrier } from "../core/carrier.ts";
import { Pause, settlesInTime } from "../core/clock.ts";
import { ChunkQueue } from "../core/read/chunk_queue.ts";

/** The longest message that is sent, in bytes: small enough that no server refuses it. */
const LARGEST_MESSAGE = 65_536;
/** While more than this waits in the WebSocket, in bytes, nothing more is given to it. */
const HIGH_WATER = 262_144;
/**
 * How long to wait before looking again how much waits there, in milliseconds, doubling up to the
 * longest.
 */
const FIRST_LOOK_MS = 1;
/** The longest wait between two looks, in milliseconds. */
const LONGEST_LOOK_MS = 64;
/** How long the other end may take to answer the end of the connection, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;

/** The codes of an end in good order: done, going away, and none given. */
const ORDERLY: readonly number[] = [1000, 1001, 1005];
/** The connection was given up; 4000 is the first code that is free for such use. */
const GIVEN_UP = 4000;
/**
 * The message that arrived is not allowed. Codes below 3000 other than 1000 cannot be sent, so that
 * 1003 and 1009 have a twin here.
 */
const NOT_BINARY = 4003;
const TOO_MUCH = 4009;

/** A WebSocket as a {@linkcode Carrier}. */
export class WebSocketCarrier implements Carrier {
  readonly source: ChunkQueue;
  readonly #socket: WebSocket;
  readonly #addresses: { readonly peername?: Address; readonly sockname?: Address };
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  // Ends when the WebSocket is closed.
  readonly #pause = new Pause();
  #cause: unknown;

  constructor(
    socket: WebSocket,
    maxReadBuffer: number,
    addresses: { readonly peername?: Address; readonly sockname?: Address },
  ) {
    this.#socket = socket;
    this.#addresses = addresses;
    this.source = new ChunkQueue({ limit: maxReadBuffer });
    this.#opened.promise.catch(() => {});
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened.resolve();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onerror = (event) => this.#cause = "error" in event ? event.error : undefined;
    socket.onclose = (event) => this.#end(event);
    if (socket.readyState === WebSocket.OPEN) this.#opened.resolve();
    if (socket.readyState > WebSocket.OPEN) this.#end({ code: 1006, reason: "" });
  }

  /** Resolves when bytes can be exchanged; rejects if that fails. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#untilBuffered(HIGH_WATER);
    // In these states `send` drops data without a word.
    if (this.#socket.readyState !== WebSocket.OPEN) {
      throw new Deno.errors.BrokenPipe("the WebSocket is closed");
    }
    const part = copyOf(bytes, 0, LARGEST_MESSAGE);
    this.#socket.send(part);
    return part.length;
  }

  async finish(): Promise<void> {
    await this.#untilBuffered(0);
    this.#close(1000);
    await settlesInTime(this.#closed.promise, CLOSE_TIMEOUT_MS);
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.source.abandon();
    this.#closed.resolve();
    this.#close(endedBy === "abort" || error !== null ? GIVEN_UP : 1000);
    this.#pause.end();
  }

  getExtraInfo(name: string): unknown {
    if (name === "peername" || name === "sockname") return this.#addresses[name];
    if (name === "subprotocol") return this.#socket.protocol;
    return name === "socket" ? this.#socket : undefined;
  }

  #receive(data: unknown): void {
    try {
      if (!(data instanceof ArrayBuffer)) {
        throw new CarrierMessageError(
          `Cannot take message of the WebSocket: it is ${kindOf(data)}`,
        );
      }
      this.source.put(new Uint8Array(data));
    } catch (error) {
      this.source.end(error);
      this.#close(error instanceof CarrierMessageError ? NOT_BINARY : TOO_MUCH);
    }
  }

  #end(event: Pick<CloseEvent, "code" | "reason">): void {
    const { reason } = event;
    // Deno says 0 where the standard has 1006: the connection just broke.
    const code = event.code === 0 ? 1006 : event.code;
    const options = this.#cause === undefined ? {} : { cause: this.#cause };
    this.#opened.reject(
      new WebSocketClosedError(`Cannot open WebSocket ${this.#socket.url}`, code, reason, options),
    );
    if (ORDERLY.includes(code)) this.source.end();
    else this.source.end(new WebSocketClosedError("WebSocket lost", code, reason, options));
    this.#closed.resolve();
    this.#pause.end();
  }

  #close(code: number): void {
    if (this.#socket.readyState < WebSocket.CLOSING) this.#socket.close(code);
  }

  /**
   * Waits until at most so many bytes wait in the WebSocket, or it is closed. It has no event for
   * sent bytes, so this checks again from time to time.
   */
  async #untilBuffered(most: number): Promise<void> {
    for (let pause = FIRST_LOOK_MS; this.#isFull(most); pause *= 2) {
      await this.#pause.wait(Math.min(pause, LONGEST_LOOK_MS));
    }
  }

  #isFull(most: number): boolean {
    return this.#socket.readyState === WebSocket.OPEN && this.#socket.bufferedAmount > most;
  }
}

function kindOf(data: unknown): string {
  return typeof data === "string" ? `text of ${data.length} characters` : typeof data;
}
