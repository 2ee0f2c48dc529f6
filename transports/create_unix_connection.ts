import type { AnyProtocol } from "../protocols/contract.ts";
import type { Connected } from "./connect_carrier.ts";
import { type ConnectOptions, createConnection } from "./create_connection.ts";

/** {@linkcode ConnectOptions} of a Unix socket. */
export type UnixConnectOptions =
  & Omit<ConnectOptions, "hostname" | "port" | "noDelay" | "keepAlive" | "happyEyeballsDelay">
  & { readonly path: string };

/**
 * Connects to a Unix socket: asyncio's `create_unix_connection`, and {@linkcode createConnection} with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @param protocolFactory Makes the protocol, once the connection is there.
 * @param options The path, and how to connect.
 * @throws As {@linkcode createConnection}.
 */
export function createUnixConnection<P extends AnyProtocol>(
  protocolFactory: () => P,
  options: UnixConnectOptions,
): Promise<Connected<P>> {
  return createConnection(protocolFactory, options);
}
