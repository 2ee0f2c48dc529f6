import type { Bytes } from "../protocols/bytes.ts";
import type { CloseInfo } from "../protocols/facts/close_info.ts";
import type { AnyProtocol, Transport } from "../protocols/contract.ts";
import { ConnectionLostError } from "../protocols/errors.ts";
import type { StartTlsOptions } from "../transports/tls/start_tls.ts";
import { closeInTime } from "../transports/core/ending/close_in_time.ts";
import { isWritingPaused } from "../transports/core/write/writing.ts";
import { check, checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import type { FlowControl } from "./writing/flow_control.ts";
import { READER_CHECKS, type StreamReaderOptions } from "./reading/read_options.ts";
import { stateOf, StreamReader } from "./reading/stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "./reading/stream_reader_protocol.ts";
import { type StreamWriter, writerOf } from "./writing/stream_writer.ts";

/** Options for {@linkcode StreamConnection.close}. */
export interface CloseOptions {
  /**
   * How many milliseconds queued bytes may take to be sent. Then the connection is aborted.
   *
   * @default {10000}
   */
  readonly timeout?: number;
  /**
   * How many milliseconds to wait, after the last queued byte is sent, until the peer has ended its
   * data as well. The bytes that it sends meanwhile are read and dropped. Without it, a peer that
   * still sends sees a reset, and may lose our last bytes (RFC 9112, 9.6). With it, a layer or TLS
   * that is being put in is waited for as well, and a file that is being sent.
   *
   * @default {0}
   */
  readonly linger?: number;
  /** Aborts the connection when it aborts. */
  readonly signal?: AbortSignal;
}

const CLOSE_CHECKS: OptionTable<CloseOptions> = {
  timeout: check.duration(),
  linger: check.duration({ zero: true }),
  signal: check.abortSignal,
};

const OVER_CHECKS: OptionTable<StreamReaderOptions & { readonly unread?: Bytes }> = {
  ...READER_CHECKS,
  unread: check.bytes,
};

/**
 * One connection with all its APIs: {@linkcode StreamReader} and {@linkcode StreamWriter}, a Web
 * `{ readable, writable }` pair, and the transport below. They are views of the same two buffers
 * and may take turns: read a header with `reader`, then pipe the rest from `readable`.
 *
 * @example A header, then the rest as a Web stream
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 * import { toText } from "@std/streams";
 *
 * await using server = await startServer(async ({ reader, readable, writer }) => {
 *   const name = (await reader.readline({ as: "text" })).trim();
 *   writer.write(`${name} sent ${await toText(readable)}`);
 * }, { port: 0 });
 *
 * await using client = await openConnection({ port: server.port });
 * client.writer.write("Ada\n1815");
 * client.writer.writeEof();
 * assertEquals(await toText(client.readable), "Ada sent 1815");
 * ```
 */
export interface StreamConnection extends AsyncDisposable {
  /** Reads the received bytes. */
  readonly reader: StreamReader;
  /** Writes the bytes to send. */
  readonly writer: StreamWriter;
  /** The transport that carries the bytes. */
  readonly transport: Transport;
  /** The bytes that come in, as a Web byte stream. */
  readonly readable: ReadableStream<Bytes>;
  /** The bytes to send, as a Web stream. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Aborts when the peer is gone, even without a pending read: the connection is lost, sending has
   * failed, or the peer has ended its data and no read sees that. It also aborts when its
   * server shuts down.
   *
   * A peer that ends its data early and waits for the answer looks the same as one that left: read
   * to the end of the data first, or leave this signal out of the work for such a peer.
   */
  readonly signal: AbortSignal;
  /** Resolves to how the connection ended. Never rejects. */
  readonly closed: Promise<CloseInfo>;
  /**
   * Sends what is queued, ends the connection and waits until that is done. A peer that does not
   * take the rest in time has the connection aborted. A failure of the connection is in the
   * outcome, not thrown.
   *
   * @param options How long to wait, and a signal.
   * @returns How the connection ended.
   * @throws {RangeError} If the timeout is not above zero.
   */
  close(options?: CloseOptions): Promise<CloseInfo>;
  /**
   * Hands the live connection to a protocol. Bytes received and not read are delivered to it first.
   * The protocol gets no `connectionMade`; later reads and writes by the reader, writer or Web pair
   * fail with an `InvalidStateError`.
   *
   * @example A line, then bytes
   * ```ts
   * import { memoryTransportPair, StreamConnection } from "@sluice/net";
   * import { RecordingProtocol } from "@sluice/net/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
   * a.transport.write("header\nrest");
   * const connection = StreamConnection.over(b.transport);
   * assertEquals(await connection.reader.readline(), new TextEncoder().encode("header\n"));
   * const protocol = new RecordingProtocol();
   * const transport = connection.switchProtocol(protocol);
   * await protocol.untilReceived(4);
   * assertEquals(protocol.receivedText, "rest");
   * transport.close();
   * await transport.closed;
   * ```
   *
   * @param protocol Who receives from now on.
   * @returns The transport, which the protocol answers with.
   */
  switchProtocol(protocol: AnyProtocol): Transport;
  /**
   * Encrypts the connection from now on, see {@linkcode StreamWriter.startTls}.
   *
   * @param options How to encrypt; a client needs `serverName`.
   * @throws As {@linkcode StreamWriter.startTls}; the connection is ended then.
   */
  startTls(options: Omit<StartTlsOptions, "unread">): Promise<void>;
  /** {@linkcode close} with the default timeout. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The {@linkcode StreamConnection} that this library makes. */
export class LiveStreamConnection implements StreamConnection {
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  readonly #flow: FlowControl;
  readonly #serverSignal: AbortSignal | undefined;
  #signal: AbortSignal | null = null;

  /**
   * Joins a reader to the flow of its protocol; see {@linkcode StreamConnection.over} for a live
   * transport.
   */
  constructor(reader: StreamReader, flow: FlowControl, serverSignal?: AbortSignal) {
    this.reader = reader;
    this.writer = writerOf(flow);
    this.#flow = flow;
    this.#serverSignal = serverSignal;
  }

  get transport(): Transport {
    return this.#flow.transport;
  }

  get readable(): ReadableStream<Bytes> {
    return this.reader.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.writer.writable;
  }

  get signal(): AbortSignal {
    return this.#signal ??= this.#createSignal();
  }

  get closed(): Promise<CloseInfo> {
    return this.transport.closed;
  }

  async close(options: CloseOptions = {}): Promise<CloseInfo> {
    checkOptions("close", options, CLOSE_CHECKS);
    return await closeInTime(this.transport, options);
  }

  switchProtocol(protocol: AnyProtocol): Transport {
    const { transport } = this;
    const unread = this.reader.detach();
    this.#flow.handOver();
    transport.setProtocol(protocol, { unread });
    transport.resumeReading();
    return transport;
  }

  startTls(options: Omit<StartTlsOptions, "unread">): Promise<void> {
    return this.writer.startTls(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #createSignal(): AbortSignal {
    const lost = new AbortController();
    const abort = (error: Error | null, message = "Connection lost") =>
      lost.abort(new ConnectionLostError(message, error ? { cause: error } : {}));
    void this.closed.then(({ error }) => abort(error));
    if (this.#flow.failure !== null) abort(this.#flow.failure);
    this.#flow.onFailure = abort;
    stateOf(this.reader).onUnmetEnd(() =>
      abort(null, "The peer has ended its data and nothing reads on")
    );
    return this.#serverSignal ? AbortSignal.any([lost.signal, this.#serverSignal]) : lost.signal;
  }
}

function over(
  transport: Transport,
  options: StreamReaderOptions & { readonly unread?: Bytes } = {},
): StreamConnection {
  checkOptions("make streams", options, OVER_CHECKS);
  const { unread, ...readerOptions } = options;
  const reader = new StreamReader(readerOptions);
  const protocol = new StreamReaderProtocol(reader);
  protocol.connectionMade(transport);
  transport.setProtocol(protocol, { replayEof: true });
  transport.resumeReading();
  if (unread !== undefined) reader.feedData(unread);
  if (isWritingPaused(transport)) protocol.pauseWriting();
  // It may be too late for the transport to tell.
  if (transport.isClosing()) {
    void transport.closed.then(({ error }) => protocol.connectionLost(error));
  }
  return new LiveStreamConnection(reader, flowOf(protocol));
}

/** Where {@linkcode StreamConnection}s over live transports come from. */
export const StreamConnection: {
  /**
   * Puts the APIs of a stream on a live transport, whose protocol hears nothing more: the way back
   * from {@linkcode switchProtocol}.
   *
   * @param transport The transport, told or not; its protocol has had `connectionMade`.
   * @param options The limit, and `unread`: bytes the protocol was handed and did not use, to be
   * read first.
   * @returns The connection. Over a transport that is closing or lost it reads as such.
   * @throws {RangeError} If the limit is not above zero.
   */
  over(
    transport: Transport,
    options?: StreamReaderOptions & { readonly unread?: Bytes },
  ): StreamConnection;
} = { over };
