/**
 * asyncio's transports, protocols and streams for Deno.
 *
 * A **transport** carries bytes, a **protocol** decides what they mean, a **stream** is the async/await
 * face of both. Reads stop when the reader is slow, every buffer has a limit, every wait takes an `AbortSignal`.
 *
 * - Streams: {@linkcode openConnection}, {@linkcode startServer}, {@linkcode StreamConnection}, {@linkcode relay}
 * - Callbacks: {@linkcode Protocol}, {@linkcode createConnection}, {@linkcode createServer}, {@linkcode Transport}
 * - Messages: {@linkcode FramedProtocol}, {@linkcode framed}, {@linkcode lineCodec} and other {@linkcode Codec}s
 * - Encryption: the option `tls`, {@linkcode startTls}; layers: {@linkcode compression}, {@linkcode transformLayer}, …
 * - Other carriers: {@linkcode connectStreams}, {@linkcode connectProcess}, {@linkcode connectCarrier}, …
 * - Tests of your own protocols: `@sluice/net/testing`
 *
 * The parts are entry points of their own: `@sluice/net/protocols`, `@sluice/net/transports`, `@sluice/net/streams`.
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
 * assertEquals(new TextDecoder().decode(await client.reader.readline()), "hello\n");
 * ```
 *
 * @module
 */
export * from "./protocols/mod.ts";
export * from "./streams/mod.ts";
export * from "./transports/mod.ts";
