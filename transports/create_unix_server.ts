import type { AnyProtocol } from "../protocols/contract.ts";
import { createServer, type ListenOptions } from "./create_server.ts";
import type { Server } from "./server.ts";

/** {@linkcode ListenOptions} of a Unix socket. */
export type UnixListenOptions =
  & Omit<
    ListenOptions,
    "hostname" | "port" | "backlog" | "reusePort" | "noDelay" | "keepAlive"
  >
  & { readonly path: string };

/**
 * Listens on a Unix socket: asyncio's `create_unix_server`, and {@linkcode createServer} with a `path`.
 *
 * The socket file is removed when the server closes, unless somebody else's stands there by then.
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @param protocolFactory Makes a protocol for each connection.
 * @param options The path, and how to listen.
 * @throws As {@linkcode createServer}.
 */
export function createUnixServer(
  protocolFactory: () => AnyProtocol,
  options: UnixListenOptions,
): Promise<Server> {
  return createServer(protocolFactory, options);
}
