/**
 * The async/await face of a connection, and its Web stream face.
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
  type OutgoingDatagram,
  type SendManyResult,
} from "./datagram_socket.ts";
export * from "./decoder_stream.ts";
export * from "./encoder_stream.ts";
export * from "./framed.ts";
export * from "./framed_datagrams.ts";
export * from "./framed_connection.ts";
export { openConnection, type OpenConnectionOptions } from "./open_connection.ts";
export { NumberReader } from "./number_reader.ts";
export * from "./open_datagrams.ts";
export * from "./open_unix_connection.ts";
export * from "./processes/create_subprocess_exec.ts";
export * from "./processes/create_subprocess_shell.ts";
export * from "./processes/pipeline.ts";
export * from "./processes/process.ts";
export * from "./relay.ts";
export { sniff } from "./sniff.ts";
export * from "./start_server.ts";
export * from "./start_unix_server.ts";
export type { LinesOptions, ReadNumberOptions, ReadRecordOptions } from "./read_options.ts";
export { type CloseOptions, StreamConnection } from "./stream_connection.ts";
export { type Separator, StreamReader, type StreamReaderOptions } from "./stream_reader.ts";
export { StreamReaderProtocol } from "./stream_reader_protocol.ts";
export type { StreamServer } from "./stream_server.ts";
export { StreamWriter } from "./stream_writer.ts";
export * from "./task_group.ts";
