/**
 * Everything that carries bytes: connecting, serving, transports of your own.
 *
 * ```text
 * socket -> source (async iterator) -> pump -> protocol.dataReceived
 * transport.write -> queue with water marks -> one operation at a time -> socket
 * ```
 *
 * - Sockets: {@linkcode createConnection}, {@linkcode createServer}, {@linkcode Server}
 * - Other carriers: {@linkcode memoryTransportPair}, {@linkcode connectStreams},
 *   {@linkcode connectWebSocket}, {@linkcode connectProcess}, {@linkcode connectMessagePort}; your
 *   own: {@linkcode connectCarrier}
 * - TLS: the option `tls`, {@linkcode startTls}
 *
 * Layers are in `@sluice/net/layers`, protocols in `@sluice/net/protocols`, the async/await API in
 * `@sluice/net/streams`.
 *
 * @example A server and a client
 * ```ts
 * import { createConnection, createServer } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer(
 *   () => ({ connectionMade: (transport) => transport.write("welcome") }),
 *   { port: 0 },
 * );
 * const greeting = Promise.withResolvers<string>();
 * const { transport } = await createConnection(
 *   () => ({ dataReceived: (chunk) => greeting.resolve(new TextDecoder().decode(chunk)) }),
 *   { port: server.port },
 * );
 * assertEquals(await greeting.promise, "welcome");
 * transport.close();
 * ```
 *
 * @module
 */
export type * from "../protocols/facts/address.ts";
export type { Bytes } from "../protocols/bytes.ts";
export type * from "../protocols/facts/close_info.ts";
export type * from "../protocols/contract.ts";
export type * from "../protocols/facts/extra_info.ts";
export type * from "../protocols/facts/peer_certificate.ts";
export type * from "../protocols/facts/proxy_header.ts";
export type * from "../protocols/facts/traffic_counters.ts";
export type * from "../protocols/datagram_contract.ts";
export type * from "../protocols/subprocess_contract.ts";
export { formatAddress } from "./core/addresses.ts";
export * from "./core/carrier.ts";
export { type Clock, systemClock } from "./core/clock.ts";
export * from "./connect_accepted_socket.ts";
export { connectCarrier, type Connected } from "./core/connect_carrier.ts";
export { connectNodeStream, type NodeStreamOptions } from "./connect_node_stream.ts";
export * from "./carriers/connect_message_port.ts";
export * from "./processes/connect_process.ts";
export type { ConnectedProcess, ProcessOptions } from "./processes/process_options.ts";
export * from "./carriers/pipes/connect_pipes.ts";
export * from "./carriers/pipes/connect_stdio.ts";
export type { OpenOptions } from "./carriers/open_in_time.ts";
export type { PipeOptions } from "./carriers/pipes/pipe_options.ts";
export type { CommandOptions } from "./processes/command_options.ts";
export type { Terminal, TerminalSize } from "./processes/terminal.ts";
export type { FileStdio, StdinStdio, Stdio } from "./processes/stdio.ts";
export type { ConnectedSubprocess, SubprocessOptions } from "./processes/subprocess_options.ts";
export {
  subprocessExec,
  subprocessShell,
  type SubprocessShellOptions,
} from "./processes/subprocess.ts";
export { connectStreams, type StreamPair } from "./connect_streams.ts";
export * from "./carriers/connect_web_socket.ts";
export { createDatagramEndpoint } from "./create_datagram_endpoint.ts";
export type { DatagramEndpointOptions } from "./datagram_endpoint_options.ts";
export {
  type ConnectOptions,
  createConnection,
  createUnixConnection,
} from "./create_connection.ts";
export { createServer, createUnixServer, type ListenOptions } from "./create_server.ts";
export type { Endpoint } from "./core/addresses.ts";
export { type ErrorContext, type ErrorHandler, logConnectionError } from "./core/error_report.ts";
export type {
  DatagramBindOptions,
  DatagramCarrier,
  DatagramSink,
  DatagramToSend,
  MemoryUse,
  MulticastOptions,
} from "./datagrams/datagram_carrier.ts";
export type { DatagramEndpoint } from "./datagrams/endpoint_transport.ts";
export type {
  DatagramOptions,
  DatagramPlace,
  DatagramQueueOptions,
} from "./datagrams/datagram_options.ts";
export type {
  SpecialDatagramOption,
  SpecialDatagramOptions,
} from "./datagrams/special_datagram_options.ts";
export type { ReceivePolicy, SendPolicy } from "./datagrams/queue_policies.ts";
export * from "./memory_datagram_pair.ts";
export * from "./memory_transport_pair.ts";
export { denoNetwork } from "./networks/deno_network.ts";
export { nodeNetwork } from "./networks/node_network.ts";
export type {
  BindOptions,
  DatagramBindPlace,
  DialOptions,
  ListenPlace,
  Network,
  NetworkOption,
  NetworkTls,
} from "./networks/network.ts";
export type {
  SpecialConnectOptions,
  SpecialListenOptions,
  SpecialOption,
  SpecialSocketOptions,
} from "./networks/special_options.ts";
export { withNetwork } from "./networks/with_network.ts";
export * from "./ref_transport.ts";
export { type SendableFile, sendFile, type SendFileOptions } from "./send_file.ts";
export { sniffProtocol } from "./sniff_protocol.ts";
export type { NetworkListener } from "./servers/network_listener.ts";
export type { Server } from "./servers/server.ts";
export type { ServeReport, ServeUntilSignalOptions } from "./servers/serve_until_signal.ts";
export type { ShutdownOptions, ShutdownReport } from "./servers/shutdown_options.ts";
export type { SocketOptions } from "./carriers/socket_options.ts";
export * from "./tls/start_tls.ts";
export * from "./tls/tls_layer.ts";
export * from "./tls/tls_certificate.ts";
export type { ResolvedTlsOptions, TlsOption, TlsOptions, TlsVersion } from "./tls/tls_options.ts";
export type { LayerFactory, TransportOptions } from "./core/transport_options.ts";
export * from "./core/transport_wrapper.ts";
