import type { SocketOptions } from "../carriers/socket_options.ts";
import type { ResolvedTlsOptions } from "../tls/tls_options.ts";
import { chooseTlsEngine } from "../tls/tls_stack.ts";
import type { Network } from "./network.ts";

/**
 * Where connections come from: the network itself, or its TLS if that is to encrypt them. With the
 * network, TLS is to be a layer.
 *
 * @param network The network.
 * @param tls How they are encrypted; `null` if they are not.
 * @param options The place, and what a server asks for its sockets.
 * @param isAccepting Whether the connections are accepted.
 * @throws {TypeError} If the native engine is asked for and cannot do it.
 */
export function securedBy(
  network: Network,
  tls: ResolvedTlsOptions | null,
  options: SocketOptions & { readonly path?: string },
  isAccepting: boolean,
): Pick<Network, "connect" | "listen"> {
  if (tls === null) return network;
  const native = network.tls;
  if (native === undefined && tls.engine === "native") {
    throw new TypeError(
      `Cannot use TLS: the network ${network.name} has no native engine; denoNetwork has one`,
    );
  }
  const isTcp = options.path === undefined;
  // The sockets of a client get their options before TLS begins.
  const engine = chooseTlsEngine(tls, isTcp, isAccepting, isAccepting ? options : {});
  if (native === undefined || engine !== "native") return network;
  return {
    connect: (place, options) => native.connect(place, options, tls),
    listen: (place, options) => native.listen(place, options, tls),
  };
}
