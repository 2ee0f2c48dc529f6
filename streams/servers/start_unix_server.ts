import { type ConnectionHandler, startServer, type StartServerOptions } from "./start_server.ts";
import type { StreamServer } from "./stream_server.ts";

/**
 * Listens on a Unix socket and runs `handler` for each connection: asyncio's `start_unix_server`,
 * and {@linkcode startServer} with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A server that greets
 * ```ts
 * import { openUnixConnection, startUnixServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/greeting.sock`;
 *   const server = await startUnixServer(({ writer }) => writer.write("welcome\n"), { path });
 *   const client = await openUnixConnection({ path });
 *   assertEquals(await client.reader.readline({ as: "text" }), "welcome\n");
 *   await client.close();
 *   await server.shutdown();
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param handler Serves one connection. With `null`, connections wait for `server.accept()`.
 * @param options The path, and how to listen.
 * @returns The server, as {@linkcode startServer} gives it.
 * @throws As {@linkcode startServer}.
 */
export function startUnixServer(
  handler: ConnectionHandler | null,
  options: StartServerOptions & { readonly path: string },
): Promise<StreamServer> {
  return startServer(handler, options);
}
