import type { UnixListenOptions } from "../transports/create_unix_server.ts";
import type { Server } from "../transports/server.ts";
import { type ConnectionHandler, startServer } from "./start_server.ts";
import type { StreamReaderOptions } from "./stream_reader.ts";

/**
 * Listens on a Unix socket and runs `handler` for each connection: asyncio's `start_unix_server`,
 * and {@linkcode startServer} with a `path`.
 *
 * @param handler Serves one connection.
 * @param options The path, and how to listen.
 * @throws As {@linkcode startServer}.
 */
export function startUnixServer(
  handler: ConnectionHandler,
  options: UnixListenOptions & StreamReaderOptions,
): Promise<Server> {
  return startServer(handler, options);
}
