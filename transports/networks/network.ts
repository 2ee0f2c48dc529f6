import { check, type OptionTable } from "../../protocols/option_checks.ts";
import type { Address } from "../../protocols/facts/address.ts";
import type { Carrier, SecureCarrier } from "../core/carrier.ts";
import type { Endpoint } from "../core/addresses.ts";
import type { SocketOptions } from "../carriers/socket_options.ts";
import type { DatagramBindOptions, DatagramCarrier } from "../datagrams/datagram_carrier.ts";
import type {
  SpecialDatagramOption,
  SpecialDatagramOptions,
} from "../datagrams/special_datagram_options.ts";
import type { NetworkListener } from "../servers/network_listener.ts";
import type { ResolvedTlsOptions } from "../tls/tls_options.ts";
import type {
  SpecialConnectOptions,
  SpecialOption,
  SpecialSocketOptions,
} from "./special_options.ts";

/** Options for {@linkcode Network.connect}. */
export interface DialOptions extends SocketOptions, SpecialConnectOptions {
  /** Ends the attempt when it aborts: the deadline has passed, or the caller has given up. */
  readonly signal: AbortSignal;
  /** How many milliseconds after one address of a host the next one is tried too. */
  readonly happyEyeballsDelay?: number;
}

/** Options for {@linkcode Network.listen}. */
export interface BindOptions extends SocketOptions, SpecialSocketOptions {
  /** Whether a server on an IPv6 address leaves IPv4 alone. */
  readonly ipv6Only?: boolean;
  /** How many connections wait until they are accepted. The network has a default. */
  readonly backlog?: number;
  /** Whether other processes may listen on the same port. */
  readonly reusePort?: boolean;
}

/** Where a network listens: a port of one address, the path of a Unix socket, or a descriptor. */
export interface ListenPlace extends Endpoint {
  /** The number of a socket that listens already. Only a network that honours `fd` gets one. */
  readonly fd?: number;
}

/** Where a network binds a socket for datagrams, or which one it takes over. */
export interface DatagramBindPlace extends Endpoint {
  /** As in the options. Only a network that honours `fd` for datagrams gets one. */
  readonly fd?: number | string;
}

/**
 * Where connections come from. Everything in this library that connects or listens goes through a
 * network: the option `network` names one for a call, {@linkcode withNetwork} names one for all
 * calls in a function. The default is {@linkcode denoNetwork}.
 *
 * A network reports a failure of the system by its error, such as `Deno.errors.ConnectionRefused`.
 * The caller adds the action and the address to the message.
 *
 * @example A network that counts what it connects
 * ```ts
 * import { createServer, denoNetwork, type Network, openConnection } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * let connections = 0;
 * const counting: Network = {
 *   name: "counting",
 *   connect(place, options) {
 *     connections++;
 *     return denoNetwork.connect(place, options);
 *   },
 *   listen: (place, options) => denoNetwork.listen(place, options),
 * };
 *
 * await using server = await createServer(() => ({}), { port: 0 });
 * await using client = await openConnection({ port: server.port, network: counting });
 * assertEquals(connections, 1);
 * client.writer.close();
 * ```
 */
export interface Network {
  /** The name of the network in error messages. */
  readonly name: string;
  /** The special options that it honours. A call that gives another one throws. None by default. */
  readonly honours?: readonly SpecialOption[];
  /** The same of the special options for datagrams. */
  readonly honoursForDatagrams?: readonly SpecialDatagramOption[];
  /**
   * Connects to a port of a host or to the path of a Unix socket.
   *
   * @throws {DOMException} The reason of `options.signal` when it aborts; nothing stays open then.
   */
  connect(place: Endpoint, options: DialOptions): Promise<Carrier>;
  /** Listens on one place. */
  listen(place: ListenPlace, options: BindOptions): Promise<NetworkListener>;
  /**
   * Binds a socket for datagrams to a port of an IP address, or to the path of a Unix socket.
   * Absent where there are none. With an `fd` it takes that socket over. With a `peer` the socket
   * is connected to that address. If the system reports that datagrams do not arrive there, the
   * network passes the error to the sink.
   */
  bindDatagrams?(
    place: DatagramBindPlace,
    options: DatagramBindOptions & SpecialDatagramOptions,
    peer?: Address | null,
  ): Promise<DatagramCarrier>;
  /**
   * The addresses of a host, for a server that listens on all of them. Without it a name is given
   * to `listen` as it is.
   *
   * @throws {NameResolutionError} If the host is not known.
   */
  lookup?(hostname: string): Promise<readonly string[]>;
  /** TLS that the network does itself. Without it TLS is a layer over its carriers. */
  readonly tls?: NetworkTls;
}

/** TLS that a {@linkcode Network} does itself, below its carriers. */
export interface NetworkTls {
  /** Connects; the handshake is left to the caller. */
  connect(place: Endpoint, options: DialOptions, tls: ResolvedTlsOptions): Promise<SecureCarrier>;
  /** Listens; the handshake of each connection is left to the caller. */
  listen(
    place: ListenPlace,
    options: BindOptions,
    tls: ResolvedTlsOptions,
  ): Promise<NetworkListener>;
}

/** The checks of {@linkcode NetworkOption}. */
export const NETWORK_CHECKS: OptionTable<NetworkOption> = {
  network: check.objectWith("a Network, such as denoNetwork", "connect", "listen"),
};

/** The option that names a network. */
export interface NetworkOption {
  /**
   * The network that makes the connections.
   *
   * @default {the network of withNetwork(), else denoNetwork}
   */
  readonly network?: Network;
}
