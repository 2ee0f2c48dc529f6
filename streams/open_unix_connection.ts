import { openConnection, type OpenConnectionOptions } from "./open_connection.ts";
import type { StreamConnection } from "./stream_connection.ts";

/**
 * Connects to a Unix socket as a stream: asyncio's `open_unix_connection`, and
 * {@linkcode openConnection} with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A question and its answer
 * ```ts
 * import { openUnixConnection, startUnixServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/echo.sock`;
 *   const server = await startUnixServer(({ readable, writable }) => readable.pipeTo(writable), { path });
 *   const connection = await openUnixConnection({ path });
 *   connection.writer.write("again\n");
 *   assertEquals(await connection.reader.readline({ as: "text" }), "again\n");
 *   await connection.close();
 *   await server.shutdown();
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param options The path, and how to connect.
 * @returns The connection. Close it, or have `await using` do that.
 * @throws As {@linkcode openConnection}.
 */
export function openUnixConnection(
  options: OpenConnectionOptions & { readonly path: string },
): Promise<StreamConnection> {
  return openConnection(options);
}
