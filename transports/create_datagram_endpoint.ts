import type { Address } from "../protocols/facts/address.ts";
import { abortable } from "@std/async";
import type { DatagramProtocolCallbacks } from "../protocols/datagram_contract.ts";
import { NameResolutionError } from "../protocols/errors.ts";
import { checkOptions, objectWith, type OptionTable } from "../protocols/option_checks.ts";
import { type Endpoint, formatEndpoint } from "./core/addresses.ts";
import { describeEndpointError } from "./core/os_error.ts";
import { checkProtocolFactory, makeProtocol } from "./core/callbacks.ts";
import type { DatagramCarrier } from "./datagrams/datagram_carrier.ts";
import type { DatagramEndpoint } from "./datagrams/datagram_endpoint.ts";
import {
  checkPlaces,
  type DatagramOptions,
  ENDPOINT_CHECKS,
  resolveEndpointOptions,
} from "./datagrams/datagram_options.ts";
import { EndpointTransport } from "./datagrams/endpoint_transport.ts";
import { familyOf } from "./datagrams/ip_address.ts";
import { type Lookup, NameCache } from "./datagrams/name_cache.ts";
import { resolvePlaces } from "./datagrams/resolve_places.ts";
import type { Network, NetworkOption } from "./networks/network.ts";
import { networkOf } from "./networks/with_network.ts";

/** Options for {@linkcode createDatagramEndpoint}. */
export interface DatagramEndpointOptions extends DatagramOptions, NetworkOption {}

/** The checks of {@linkcode DatagramEndpointOptions}. */
export const DATAGRAM_CHECKS: OptionTable<DatagramEndpointOptions> = {
  ...ENDPOINT_CHECKS,
  network: objectWith("a Network", "connect", "listen"),
};

/**
 * Opens an endpoint that sends and receives datagrams: asyncio's `create_datagram_endpoint`.
 *
 * With `localAddr` it is bound to that place, and receives datagrams from any sender. With
 * `remoteAddr` it is connected: it sends to that place and receives from no other. At least one of
 * them, or `family`, must be given.
 *
 * Nothing that comes from the network ends it. Deno cannot tell of a peer that is gone: its ICMP
 * messages are lost, so a connected endpoint never learns that no program listens. With
 * `epollNetwork` it does: `errorReceived` gets a `ConnectionRefused`.
 *
 * Needs `--allow-net`. With `--unstable-net` as well it uses `Deno.listenDatagram` instead of
 * `node:dgram`; only that has Unix sockets.
 *
 * @example A server that answers in capitals, and a client
 * ```ts
 * import { createDatagramEndpoint, DatagramProtocol } from "@sluice/net";
 * import { type DatagramTransport } from "@sluice/net/protocols";
 * import type { Address } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class UpperCase extends DatagramProtocol {
 *   #transport: DatagramTransport | undefined;
 *
 *   override connectionMade(transport: DatagramTransport): void {
 *     this.#transport = transport;
 *   }
 *
 *   override datagramReceived(data: Uint8Array, address: Address): void {
 *     this.#transport?.sendto(new TextDecoder().decode(data).toUpperCase(), address);
 *   }
 * }
 *
 * const { transport: server } = await createDatagramEndpoint(() => new UpperCase(), {
 *   localAddr: { port: 0 },
 * });
 * const answer = Promise.withResolvers<string>();
 * const { transport: client } = await createDatagramEndpoint(() => ({
 *   datagramReceived: (data) => answer.resolve(new TextDecoder().decode(data)),
 * }), { remoteAddr: { port: server.port } });
 * client.sendto("hello");
 * assertEquals(await answer.promise, "HELLO");
 * client.close();
 * server.close();
 * await Promise.all([client.closed, server.closed]);
 * ```
 *
 * @typeParam P What the factory makes.
 * @param protocolFactory Makes the protocol.
 * @param options Where the endpoint is, and what it may hold.
 * @returns The endpoint and its protocol, after `connectionMade`.
 * @throws {TypeError} If an option is of a wrong kind, is not known, or cannot be honoured.
 * @throws {RangeError} If one is out of range.
 * @throws {NameResolutionError} If a host is not known.
 * @throws The error of the system, such as `Deno.errors.AddrInUse`.
 */
export async function createDatagramEndpoint<P extends DatagramProtocolCallbacks>(
  protocolFactory: () => P,
  options: DatagramEndpointOptions,
): Promise<DatagramEndpoint<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("open endpoint", options, DATAGRAM_CHECKS);
  checkPlaces(options);
  const { signal } = options;
  const network = networkOf(options);
  const lookup = lookupOf(network);
  signal?.throwIfAborted();
  const { local, remote } = await within(resolvePlaces(options, lookup), signal);
  const carrier = await bindInTime(network, local, remote, options);
  try {
    signal?.throwIfAborted();
    const protocol = makeProtocol(protocolFactory);
    const { address } = carrier;
    const family = address.transport === "udp" ? familyOf(address.hostname) : null;
    const names = family === null ? null : new NameCache(lookup, family);
    const settings = resolveEndpointOptions(options);
    const transport = new EndpointTransport(carrier, protocol, remote, names, settings);
    transport.start();
    return { transport, protocol };
  } catch (error) {
    carrier.close();
    throw error;
  }
}

/** A carrier that comes after the signal is closed. */
async function bindInTime(
  network: Network,
  local: Endpoint,
  remote: Address | null,
  options: DatagramEndpointOptions,
): Promise<DatagramCarrier> {
  const binding = bind(network, local, remote, options);
  try {
    return await within(binding, options.signal);
  } catch (error) {
    binding.then((carrier) => carrier.close(), () => {});
    throw error;
  }
}

async function bind(
  network: Network,
  local: Endpoint,
  remote: Address | null,
  options: DatagramEndpointOptions,
): Promise<DatagramCarrier> {
  if (network.bindDatagrams === undefined) {
    throw new TypeError(
      `Cannot open endpoint: ${network.name} has no datagrams, give network: denoNetwork`,
    );
  }
  try {
    return await network.bindDatagrams(local, options, remote);
  } catch (error) {
    throw describeEndpointError(error, `Cannot bind ${formatEndpoint(local)}`, local);
  }
}

function lookupOf(network: Network): Lookup {
  return (hostname) => {
    if (network.lookup !== undefined) return network.lookup(hostname);
    const cause = new Error(`${network.name} looks no names up`);
    return Promise.reject(new NameResolutionError(hostname, { cause }));
  };
}

function within<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? promise : abortable(promise, signal);
}
