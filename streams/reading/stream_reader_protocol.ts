import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { startTls, type StartTlsOptions } from "../../transports/tls/start_tls.ts";
import { Protocol } from "../../protocols/protocol.ts";
import { FlowControl } from "../writing/flow_control.ts";
import type { ReadState } from "./_read_state.ts";
import { stateOf, type StreamReader } from "./stream_reader.ts";

/** The flow control of a protocol, for the writer of its connection. */
export let flowOf: (protocol: StreamReaderProtocol) => FlowControl;

/**
 * The protocol between a transport and the async/await API of its connection: asyncio's
 * `StreamReaderProtocol`. It feeds a {@linkcode StreamReader} and tells the writer when to wait.
 *
 * @example Streams over a transport of one's own making
 * ```ts
 * import { memoryTransportPair, StreamReader, StreamReaderProtocol, StreamWriter } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new StreamReader();
 * const [a, b] = await memoryTransportPair(() => new StreamReaderProtocol(reader), () => ({}));
 * const writer = new StreamWriter(a.protocol);
 * b.transport.write("ping\n");
 * assertEquals(await reader.readline({ as: "text" }), "ping\n");
 * writer.close();
 * await writer.waitClosed();
 * ```
 */
export class StreamReaderProtocol extends Protocol {
  /** The reader hands its bytes out in pieces: of chunks larger than usual each is a copy. */
  readonly takesPieces: boolean = true;
  // The state that the writer waits for.
  readonly #flow = new FlowControl();
  // The bytes and the waits of the reader.
  readonly #state: ReadState;
  // Whether connections are accepted by the one who made this.
  readonly #isAccepting: boolean;
  // Called once.
  #onConnected: ((transport: Transport) => unknown) | undefined;

  static {
    flowOf = (protocol) => protocol.#flow;
  }

  /**
   * Feeds `reader`; calls `onConnected` once the connection is there. The bytes go to the buffer of
   * the reader directly: a subclass that overrides `feedData`, `feedEof` or `setException` does not
   * see them. To look at or to change received bytes, use a layer.
   */
  constructor(reader: StreamReader, onConnected?: (transport: Transport) => unknown) {
    super();
    this.#state = stateOf(reader);
    this.#isAccepting = onConnected !== undefined;
    this.#onConnected = onConnected;
  }

  /** Joins reader and writer to the transport. */
  override connectionMade(transport: Transport): unknown {
    this.#flow.transport = transport;
    this.#state.setTransport(transport);
    const onConnected = this.#onConnected;
    this.#onConnected = undefined;
    return onConnected?.(transport);
  }

  /**
   * Encrypts the connection from now on; reader and writer stay valid. By default it is a server
   * where connections are accepted, else a client.
   *
   * @throws As `startTls` of the transports.
   */
  async startTls(options: Omit<StartTlsOptions, "unread">): Promise<void> {
    const transport = await startTls(this.#flow.transport, this, {
      ...options,
      serverSide: options.serverSide ?? this.#isAccepting,
      unread: this.#state.takeBuffered(),
    });
    this.#flow.transport = transport;
    this.#state.setTransport(transport);
  }

  /** Feeds the reader. */
  override dataReceived(chunk: Bytes): void {
    this.#state.feed(chunk);
  }

  /** Ends the reader's data, and keeps the way out open where that is possible. */
  override eofReceived(): boolean {
    this.#state.feedEof();
    return this.#flow.transport.canWriteEof();
  }

  /** Makes `drain()` wait. */
  override pauseWriting(): void {
    this.#flow.pauseWriting();
  }

  /** Resolves waits of `drain()`. */
  override resumeWriting(): void {
    this.#flow.resumeWriting();
  }

  /** Fails the writer; what has arrived can still be read. */
  writingFailed(error: Error): void {
    this.#flow.writingFailed(error);
  }

  /** Ends the reader's data, or fails it after the buffered bytes; ends all waits. */
  override connectionLost(error: Error | null): void {
    this.#state.lose(error);
    this.#flow.connectionLost(error);
  }
}
