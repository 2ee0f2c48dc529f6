/**
 * Bridges to Node: its streams and its HTTP.
 *
 * - Libraries for Node that take a stream: {@linkcode toNodeStream}
 * - Streams of Node as transports: {@linkcode connectNodeStream}
 * - HTTP servers over any transport: {@linkcode serveHttp}, {@linkcode HttpService}
 *
 * Importing this entry loads the modules of Node that it needs; the others load none.
 *
 * @example node:http over TLS of this library
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { toNodeStream } from "@sluice/net/node";
 * import { assertEquals } from "@std/assert";
 * import { request } from "node:http";
 * import { text } from "node:stream/consumers";
 *
 * await using server = await startServer(async ({ reader, writer }) => {
 *   await reader.readuntil("\r\n\r\n");
 *   writer.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
 * }, { port: 0 });
 * const connection = await openConnection({ port: server.port });
 * const body = Promise.withResolvers<string>();
 * request({ createConnection: () => toNodeStream(connection) }, (response) => {
 *   body.resolve(text(response));
 * }).end();
 * assertEquals(await body.promise, "hello");
 * ```
 *
 * @module
 */
export type { FetchHandler, HttpInfo, HttpOptions, HttpUpgrade } from "./http/http_options.ts";
export * from "./http/http_service.ts";
export type { NodeStreamSource, SwitchableConnection } from "./streams/node_stream_source.ts";
export * from "./http/serve_http.ts";
export { connectNodeStream, type NodeStreamOptions } from "../transports/connect_node_stream.ts";
export type * from "./streams/node_stream.ts";
export * from "./streams/to_node_stream.ts";
