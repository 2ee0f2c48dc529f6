/**
 * The async/await API of connections, and their Web streams.
 *
 * - Connecting and serving: {@linkcode openConnection}, {@linkcode startServer}
 * - Bytes: {@linkcode StreamConnection} with {@linkcode StreamReader}, {@linkcode StreamWriter} and
 *   a Web pair
 * - Messages: {@linkcode framed}, {@linkcode decoderStream}, {@linkcode encoderStream}
 * - Processes: {@linkcode createSubprocessExec}, {@linkcode createSubprocessShell},
 *   {@linkcode pipeline}
 * - Several connections: {@linkcode relay}, {@linkcode TaskGroup}
 *
 * The callbacks below are in `@sluice/net/transports` and `@sluice/net/protocols`.
 *
 * @example A server that greets, and a client
 * ```ts
 * import { openConnection, startServer } from "@sluice/net/streams";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await startServer(async ({ reader, writer }) => {
 *   const name = (await reader.readline({ as: "text" })).trim();
 *   writer.write(`Hello, ${name}!\n`);
 * }, { port: 0 });
 *
 * await using client = await openConnection({ port: server.port });
 * client.writer.write("Ada\n");
 * assertEquals(await client.reader.readline({ as: "text" }), "Hello, Ada!\n");
 * ```
 *
 * @module
 */
export {
  DatagramSocket,
  type DatagramSocketOptions,
  type OpenDatagramsOptions,
  type OutgoingDatagram,
  type SendManyResult,
} from "./datagrams/datagram_socket.ts";
export * from "./framing/decoder_stream.ts";
export * from "./framing/encoder_stream.ts";
export * from "./datagrams/framed_datagrams.ts";
export * from "./framing/framed_connection.ts";
export { NumberReader } from "./reading/number_reader.ts";
export * from "./datagrams/open_datagrams.ts";
export {
  openConnection,
  type OpenConnectionOptions,
  openUnixConnection,
} from "./open_connection.ts";
export * from "./processes/create_subprocess.ts";
export type { CreateSubprocessOptions } from "./processes/create_subprocess_options.ts";
export * from "./processes/pipeline.ts";
export * from "./processes/process.ts";
export * from "./relay.ts";
export { sniff } from "./sniff.ts";
export * from "./servers/start_server.ts";
export type { LinesOptions, ReadNumberOptions, ReadRecordOptions } from "./reading/read_options.ts";
export { type CloseOptions, StreamConnection } from "./stream_connection.ts";
export { type Separator, StreamReader, type StreamReaderOptions } from "./reading/stream_reader.ts";
export { StreamReaderProtocol } from "./reading/stream_reader_protocol.ts";
export type { StreamServer } from "./servers/stream_server.ts";
export { StreamWriter } from "./writing/stream_writer.ts";
export * from "./task_group.ts";
