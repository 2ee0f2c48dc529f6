/**
 * asyncio's transports, protocols and streams for Deno.
 *
 * A **transport** carries bytes, a **protocol** decides what they mean, a **stream** is the async/await
 * face of both.
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
