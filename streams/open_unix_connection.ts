import type { UnixConnectOptions } from "../transports/create_unix_connection.ts";
import { openConnection } from "./open_connection.ts";
import type { StreamConnection } from "./stream_connection.ts";
import type { StreamReaderOptions } from "./stream_reader.ts";

/**
 * Connects to a Unix socket as a stream: asyncio's `open_unix_connection`, and
 * {@linkcode openConnection} with a `path`.
 *
 * @param options The path, and how to connect.
 * @throws As `createUnixConnection`.
 */
export function openUnixConnection(
  options: UnixConnectOptions & StreamReaderOptions,
): Promise<StreamConnection> {
  return openConnection(options);
}
