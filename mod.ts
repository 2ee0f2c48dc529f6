/**
 * asyncio's transports, protocols and streams for Deno.
 *
 * A **transport** carries bytes, a **protocol** decides what they mean, a **stream** is the
 * async/await API of both. Reads stop when the reader is slow, every buffer has a limit, every
 * wait takes an `AbortSignal`.
 *
 * - Streams: {@linkcode openConnection}, {@linkcode startServer}, {@linkcode StreamConnection},
 *   {@linkcode relay}
 * - Callbacks: {@linkcode Protocol}, {@linkcode createConnection}, {@linkcode createServer},
 *   {@linkcode Transport}
 * - Messages: {@linkcode FramedProtocol}, {@linkcode framed}, {@linkcode lineCodec} and other
 *   {@linkcode Codec}s
 * - Encryption: the option `tls`, {@linkcode startTls}; layers: {@linkcode idleTimeout},
 *   {@linkcode logging}, …
 * - Processes: {@linkcode createSubprocessExec}; other carriers: {@linkcode connectStreams},
 *   {@linkcode connectStdio}, …
 * - Tests of your own protocols: `@sluice/net/testing`
 *
 * This is what most programs need. The rest is in entry points of its own, which are loaded only if
 * they are imported: `@sluice/net/protocols`, `@sluice/net/transports`, `@sluice/net/streams`,
 * `@sluice/net/codecs`, `@sluice/net/layers`, `@sluice/net/node`, `@sluice/net/epoll`.
 *
 * @example An echo server, and a client
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await startServer(async ({ reader, writer }) => {
 *   for await (const line of reader) {
 *     writer.write(line);
 *     await writer.drain();
 *   }
 * }, { port: 0 });
 *
 * await using client = await openConnection({ port: server.port });
 * client.writer.write("hello\n");
 * assertEquals(await client.reader.readline({ as: "text" }), "hello\n");
 * ```
 *
 * @module
 */
// Each file by itself: what a program does not name here is not loaded.
export type { Address } from "./protocols/facts/address.ts";
export { BaseProtocol } from "./protocols/base_protocol.ts";
export { BufferedProtocol } from "./protocols/buffered_protocol.ts";
export type { Bytes } from "./protocols/bytes.ts";
export type { CloseInfo } from "./protocols/facts/close_info.ts";
export type { Codec } from "./protocols/framing/codec.ts";
export { jsonLinesCodec } from "./protocols/codecs/json_lines_codec.ts";
export { lengthFieldCodec } from "./protocols/codecs/length_field_codec.ts";
export { lineCodec } from "./protocols/codecs/line_codec.ts";
export { mapCodec } from "./protocols/codecs/map_codec.ts";
export type {
  AnyProtocol,
  BufferedProtocolCallbacks,
  ProtocolCallbacks,
  Transport,
  WriteOptions,
} from "./protocols/contract.ts";
export type { DatagramTransport } from "./protocols/datagram_contract.ts";
export { DatagramProtocol } from "./protocols/datagram_protocol.ts";
export {
  ConnectionLostError,
  ConnectTimeoutError,
  FrameDecodeError,
  FrameError,
  FrameTooLongError,
  HandshakeTimeoutError,
  IdleTimeoutError,
  IncompleteFrameError,
  IncompleteReadError,
  IncompleteSendError,
  InvalidStateError,
  LimitOverrunError,
  NameResolutionError,
  TextDecodeError,
  TimeoutError,
  TlsError,
  TlsHandshakeError,
  TruncationError,
  WriteBufferFullError,
  WriteStallError,
} from "./protocols/errors.ts";
export { FramedProtocol } from "./protocols/framing/framed_protocol.ts";
export { Protocol } from "./protocols/protocol.ts";
export { SubprocessProtocol } from "./protocols/subprocess_protocol.ts";
export { decoderStream } from "./streams/framing/decoder_stream.ts";
export { encoderStream } from "./streams/framing/encoder_stream.ts";
export { framed, FramedConnection } from "./streams/framing/framed_connection.ts";
export {
  openConnection,
  type OpenConnectionOptions,
  openUnixConnection,
} from "./streams/open_connection.ts";
export { openDatagrams } from "./streams/datagrams/open_datagrams.ts";
export {
  createSubprocessExec,
  createSubprocessShell,
} from "./streams/processes/create_subprocess.ts";
export type { Process } from "./streams/processes/process.ts";
export { relay, type RelayReport } from "./streams/relay.ts";
export {
  type ConnectionHandler,
  startServer,
  type StartServerOptions,
  startUnixServer,
} from "./streams/servers/start_server.ts";
export { StreamConnection } from "./streams/stream_connection.ts";
export { StreamReader } from "./streams/reading/stream_reader.ts";
export { StreamReaderProtocol } from "./streams/reading/stream_reader_protocol.ts";
export { StreamWriter } from "./streams/writing/stream_writer.ts";
export { TaskGroup } from "./streams/task_group.ts";
export { connectStdio } from "./transports/carriers/pipes/connect_stdio.ts";
export { connectAcceptedSocket } from "./transports/connect_accepted_socket.ts";
export { connectStreams } from "./transports/connect_streams.ts";
export { formatAddress } from "./transports/core/addresses.ts";
export type { Connected } from "./transports/core/connect_carrier.ts";
export {
  type ErrorContext,
  type ErrorHandler,
  logConnectionError,
} from "./transports/core/error_report.ts";
export type { LayerFactory, TransportOptions } from "./transports/core/transport_options.ts";
export { TransportWrapper } from "./transports/core/transport_wrapper.ts";
export {
  type ConnectOptions,
  createConnection,
  createUnixConnection,
} from "./transports/create_connection.ts";
export { createDatagramEndpoint } from "./transports/create_datagram_endpoint.ts";
export { createServer, createUnixServer, type ListenOptions } from "./transports/create_server.ts";
export { idleTimeout } from "./transports/layers/idle_timeout.ts";
export { logging } from "./transports/layers/logging.ts";
export { writeStallTimeout } from "./transports/layers/write_stall_timeout.ts";
export { memoryTransportPair } from "./transports/memory_transport_pair.ts";
export { denoNetwork } from "./transports/networks/deno_network.ts";
export type { Network } from "./transports/networks/network.ts";
export { nodeNetwork } from "./transports/networks/node_network.ts";
export { withNetwork } from "./transports/networks/with_network.ts";
export { connectProcess } from "./transports/processes/connect_process.ts";
export { subprocessExec, subprocessShell } from "./transports/processes/subprocess.ts";
export { sendFile, type SendFileOptions } from "./transports/send_file.ts";
export type { Server } from "./transports/servers/server.ts";
export type { ShutdownReport } from "./transports/servers/shutdown_options.ts";
export { startTls } from "./transports/tls/start_tls.ts";
export type { TlsCertificate } from "./transports/tls/tls_certificate.ts";
export type { TlsOptions } from "./transports/tls/tls_options.ts";
