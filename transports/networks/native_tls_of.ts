import type { SocketOptions } from "../carriers/socket_options.ts";
import type { ResolvedTlsOptions } from "../tls/tls_options.ts";
import { chooseTlsEngine } from "../tls/tls_stack.ts";
import type { Network, NetworkTls } from "./network.ts";

/**
 * The TLS of a network, if it is to encrypt a connection; `undefined` if TLS is to be a layer.
 *
 * @param network Where the connection comes from.
 * @param tls How it is encrypted.
 * @param options The place, and what a server asks for its sockets.
 * @param isAccepting Whether the connections are accepted.
 * @throws {TypeError} If the native engine is asked for and cannot do it.
 */
export function nativeTlsOf(
  network: Network,
  tls: ResolvedTlsOptions,
  options: SocketOptions & { readonly path?: string },
  isAccepting: boolean,
): NetworkTls | undefined {
  if (network.tls === undefined && tls.engine === "native") {
    throw new TypeError(
      `Cannot use TLS: the network ${network.name} has no native engine; denoNetwork has one`,
    );
  }
  const isTcp = options.path === undefined;
  // The sockets of a client get their options before TLS begins.
  const engine = chooseTlsEngine(tls, isTcp, isAccepting, isAccepting ? options : {});
  return engine === "native" ? network.tls : undefined;
}
