import type { AnyProtocol } from "../protocols/contract.ts";
import { createServer, type ListenOptions } from "./create_server.ts";
import type { Server } from "./servers/server.ts";

/**
 * Listens on a Unix socket: asyncio's `create_unix_server`, and {@linkcode createServer} with a
 * `path`.
 *
 * The socket file is removed when the server closes, unless another server has replaced it by then.
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A server, and what it leaves behind
 * ```ts
 * import { createUnixServer, Protocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/empty.sock`;
 *   const server = await createUnixServer(() => new Protocol(), { path });
 *   assertEquals(server.addresses, [{ transport: "unix", path }]);
 *   await server.shutdown();
 *   // Nothing: the folder is empty, or this would fail.
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param protocolFactory Makes a protocol for each connection.
 * @param options The path, and how to listen.
 * @returns The server, which accepts already unless `startServing` is `false`.
 * @throws As {@linkcode createServer}.
 */
export function createUnixServer(
  protocolFactory: () => AnyProtocol,
  options: ListenOptions & { readonly path: string },
): Promise<Server> {
  return createServer(protocolFactory, options);
}
