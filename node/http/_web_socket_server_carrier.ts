import type { Bytes } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import type { ExtraInfo } from "../../protocols/facts/extra_info.ts";
import { WebSocketClosedError } from "../../protocols/errors.ts";
import { WriteRoom } from "../../protocols/waits/write_room.ts";
import { toError } from "../../protocols/thrown.ts";
import type { Carrier } from "../../transports/core/carrier.ts";
import { settlesInTime } from "../../transports/core/clock.ts";
import { closeInTime } from "../../transports/core/ending/close_in_time.ts";
import { ChunkQueue } from "../../transports/core/read/chunk_queue.ts";
import {
  BINARY,
  CLOSE,
  FrameError,
  frameHead,
  FrameReader,
  PING,
  PONG,
  readClose,
} from "./_web_socket_frames.ts";

/** The longest message that is sent, in bytes. */
const LARGEST_MESSAGE = 65_536;
/** While this much waits to be read, in bytes, the client is made to wait. */
const HIGH_WATER = 65_536;
/** How long a client may take to answer the end of the connection, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;
/** The end of the transport when the frame that closes was sent (RFC 6455, 7.1.1). */
const LINGERING = { timeout: Infinity, linger: CLOSE_TIMEOUT_MS } as const;
/** The codes of an end in good order: done, going away, and none given. */
const ORDERLY: readonly number[] = [1000, 1001, 1005];

/**
 * The server's end of a WebSocket over a transport, as a {@linkcode Carrier}: the bytes of its
 * binary messages.
 */
export class WebSocketServerCarrier implements Carrier {
  readonly source: ChunkQueue;
  readonly #inner: Transport;
  readonly #subprotocol: string;
  readonly #closed = Promise.withResolvers<void>();
  readonly #reader = new FrameReader({
    onData: (chunk) => this.#receive(chunk),
    onControl: (kind, payload) => this.#control(kind, payload),
  });
  readonly #room = new WriteRoom();
  #hasSentClose = false;
  // The bytes that come after the client's end, or after a fault of it, mean nothing.
  #isOver = false;

  /** Owns the transport, whose handshake is done; `unread` came after that. */
  constructor(inner: Transport, unread: Bytes, subprotocol: string) {
    this.#inner = inner;
    this.#subprotocol = subprotocol;
    this.source = new ChunkQueue({
      onTaken: () => void (this.source.size < HIGH_WATER && inner.resumeReading()),
    });
    // A write is done when it has left, for the memory is used again.
    inner.setWriteBufferLimits({ high: 0 });
    inner.setProtocol(this.#protocol, { unread });
    inner.resumeReading();
    if (inner.isClosing()) void inner.closed.then(({ error }) => this.#end(1006, "", error));
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#hasSentClose || this.#inner.isClosing()) {
      throw new Deno.errors.BrokenPipe("the WebSocket is closed");
    }
    const part = bytes.subarray(0, LARGEST_MESSAGE);
    this.#inner.writelines([frameHead(BINARY, part.length), part]);
    if (this.#room.failure !== null) throw this.#room.failure;
    if (this.#room.isPaused) await this.#room.waits.wait();
    return part.length;
  }

  async finish(): Promise<void> {
    this.source.drop();
    this.#inner.resumeReading();
    this.#sendClose(1000);
    await settlesInTime(this.#closed.promise, CLOSE_TIMEOUT_MS);
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.source.abandon();
    this.#closed.resolve();
    this.#room.waits.release();
    const isAborted = endedBy === "abort";
    // Not at once: a client that learns of a reset first would lose the frame that closes.
    if (this.#hasSentClose && !isAborted) void closeInTime(this.#inner, LINGERING);
    else if (this.#hasSentClose || (!isAborted && error === null)) this.#inner.close();
    else this.#inner.abort(error ?? undefined);
  }

  getExtraInfo(name: string): unknown {
    return name === "subprotocol"
      ? this.#subprotocol
      : this.#inner.getExtraInfo(name as keyof ExtraInfo);
  }

  readonly #protocol: ProtocolCallbacks = {
    dataReceived: (chunk) => {
      if (this.#isOver) return;
      try {
        this.#reader.push(chunk);
      } catch (thrown) {
        if (this.#isOver) return;
        this.#isOver = true;
        this.#sendClose(thrown instanceof FrameError ? thrown.code : 1011);
        this.source.end(toError(thrown));
      }
    },
    eofReceived: () => {
      this.#end(1006, "", null);
      return true;
    },
    pauseWriting: () => this.#room.pause(),
    resumeWriting: () => this.#room.resume(),
    // The client's messages before are still read.
    writingFailed: (error) => this.#room.fail(error),
    connectionLost: (error) => {
      this.#room.waits.release();
      this.#end(1006, "", error);
    },
  };

  #receive(chunk: Bytes): void {
    if (this.#isOver) return;
    this.source.put(chunk);
    if (this.source.size >= HIGH_WATER && !this.source.isDropping) this.#inner.pauseReading();
  }

  #control(kind: number, payload: Bytes): void {
    if (this.#isOver) return;
    if (kind === PING) {
      // A client that pings and does not read waits for its answers, so that they do not pile up.
      if (!this.#room.isPaused) this.#send(PONG, payload);
    } else if (kind === CLOSE) {
      const { code, reason } = readClose(payload);
      this.#isOver = true;
      this.#sendClose(code);
      this.#end(code, reason, null);
    }
  }

  #end(code: number, reason: string, cause: Error | null): void {
    this.#closed.resolve();
    if (ORDERLY.includes(code)) return this.source.end();
    const options = cause === null ? {} : { cause };
    this.source.end(new WebSocketClosedError("WebSocket lost", code, reason, options));
  }

  #sendClose(code: number): void {
    if (this.#hasSentClose) return;
    // 1005 says that there is no code.
    this.#send(CLOSE, code === 1005 ? new Uint8Array(0) : Uint8Array.of(code >> 8, code & 0xff));
    this.#hasSentClose = true;
  }

  #send(kind: number, payload: Uint8Array): void {
    if (this.#hasSentClose || this.#inner.isClosing()) return;
    this.#inner.writelines([frameHead(kind, payload.length), payload]);
  }
}
