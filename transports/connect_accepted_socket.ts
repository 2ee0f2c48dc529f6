import type { AnyProtocol } from "../protocols/contract.ts";
import type { Connected } from "./core/connect_carrier.ts";
import { SocketCarrier } from "./carriers/socket_carrier.ts";
import {
  applySocketOptions,
  SOCKET_CHECKS,
  type SocketOptions,
} from "./carriers/socket_options.ts";
import { resolveTls, TLS_OPTION_CHECKS, type TlsOption } from "./tls/tls_options.ts";
import { connectSecured } from "./tls/tls_stack.ts";
import { checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import { checkProtocolFactory } from "./core/callbacks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./core/transport_options.ts";

const CHECKS: OptionTable<SocketOptions & TlsOption & TransportOptions> = {
  ...SOCKET_CHECKS,
  ...TLS_OPTION_CHECKS,
  ...TRANSPORT_CHECKS,
};

/**
 * Makes a transport of a socket that was accepted, or connected, by other means: asyncio's
 * `connect_accepted_socket`.
 *
 * @example Accepting by hand
 * ```ts
 * import { connectAcceptedSocket } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * using client = await Deno.connect({ port: listener.addr.port });
 * const { transport } = await connectAcceptedSocket(() => ({}), await listener.accept());
 * transport.write("hi");
 * transport.close();
 * const answer = new Uint8Array(2);
 * await client.read(answer);
 * assertEquals(new TextDecoder().decode(answer), "hi");
 * await transport.closed;
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the socket is closed and this rejects.
 * @param conn The socket; it belongs to the transport from now on. Never touch its `readable` or
 * `writable`.
 * @param options Limits, socket options and the error handler.
 * @returns The transport and the protocol that the factory made.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectAcceptedSocket<P extends AnyProtocol>(
  protocolFactory: () => P,
  conn: Deno.Conn,
  options: SocketOptions & TlsOption & TransportOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect accepted socket", options, CHECKS);
  const tls = resolveTls(options, true);
  applySocketOptions(conn, options);
  return await connectSecured(protocolFactory, new SocketCarrier(conn), tls, options);
}
