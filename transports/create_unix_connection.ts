import type { AnyProtocol } from "../protocols/contract.ts";
import type { Connected } from "./core/connect_carrier.ts";
import { type ConnectOptions, createConnection } from "./create_connection.ts";

/**
 * Connects to a Unix socket: asyncio's `create_unix_connection`, and {@linkcode createConnection}
 * with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A client
 * ```ts
 * import { createUnixConnection, createUnixServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/greeting.sock`;
 *   const server = await createUnixServer(
 *     () => ({ connectionMade: (transport) => transport.write("welcome") }),
 *     { path },
 *   );
 *   const greeting = Promise.withResolvers<string>();
 *   const { transport } = await createUnixConnection(
 *     () => ({ dataReceived: (chunk) => greeting.resolve(new TextDecoder().decode(chunk)) }),
 *     { path },
 *   );
 *   assertEquals(await greeting.promise, "welcome");
 *   transport.close();
 *   await server.shutdown();
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param protocolFactory Makes the protocol, once the connection is there.
 * @param options The path, and how to connect.
 * @returns The transport and the protocol that the factory made.
 * @throws As {@linkcode createConnection}.
 */
export function createUnixConnection<P extends AnyProtocol>(
  protocolFactory: () => P,
  options: ConnectOptions & { readonly path: string },
): Promise<Connected<P>> {
  return createConnection(protocolFactory, options);
}
