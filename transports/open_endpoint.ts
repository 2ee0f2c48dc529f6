import { abortable } from "../protocols/waits/wait_signal.ts";
import type { Address } from "../protocols/facts/address.ts";
import type { DatagramProtocolCallbacks } from "../protocols/datagram_contract.ts";
import { NameResolutionError } from "../protocols/errors.ts";
import { checkOptions } from "../protocols/option_checks.ts";
import { formatEndpoint } from "./core/addresses.ts";
import { describeEndpointError } from "./core/os_error.ts";
import { checkProtocolFactory, makeProtocol } from "./core/callbacks.ts";
import type { DatagramCarrier } from "./datagrams/datagram_carrier.ts";
import { checkPlaces, resolveEndpointOptions } from "./datagrams/datagram_options.ts";
import { checkDatagramsHonoured } from "./datagrams/special_datagram_options.ts";
import { type DatagramEndpoint, EndpointTransport } from "./datagrams/endpoint_transport.ts";
import { familyOf } from "./core/ip_address.ts";
import { type Lookup, NameCache } from "./datagrams/name_cache.ts";
import { resolvePlaces } from "./datagrams/resolve_places.ts";
import type { DatagramBindPlace, Network } from "./networks/network.ts";
import { networkOf } from "./networks/with_network.ts";
import { DATAGRAM_CHECKS, type DatagramEndpointOptions } from "./datagram_endpoint_options.ts";

/** Opens an endpoint: what `createDatagramEndpoint` does. */
export async function openEndpoint<P extends DatagramProtocolCallbacks>(
  protocolFactory: () => P,
  options: DatagramEndpointOptions,
): Promise<DatagramEndpoint<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("open endpoint", options, DATAGRAM_CHECKS);
  checkPlaces(options);
  const { signal } = options;
  const network = networkOf(options);
  checkDatagramsHonoured(network, options);
  const lookup = lookupOf(network);
  signal?.throwIfAborted();
  const { local, remote } = await abortable(resolvePlaces(options, lookup), signal);
  const carrier = await bindInTime(network, local, remote, options);
  try {
    signal?.throwIfAborted();
    const protocol = makeProtocol(protocolFactory);
    const { address, peer } = carrier;
    const family = address.transport === "udp" ? familyOf(address.hostname) : null;
    const names = family === null ? null : new NameCache(lookup, family);
    const settings = resolveEndpointOptions(options);
    const transport = new EndpointTransport(
      carrier,
      protocol,
      remote ?? peer ?? null,
      names,
      settings,
    );
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
  local: DatagramBindPlace,
  remote: Address | null,
  options: DatagramEndpointOptions,
): Promise<DatagramCarrier> {
  const binding = bind(network, local, remote, options);
  try {
    return await abortable(binding, options.signal);
  } catch (error) {
    binding.then((carrier) => carrier.close(), () => {});
    throw error;
  }
}

async function bind(
  network: Network,
  local: DatagramBindPlace,
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
    const what = local.fd === undefined ? formatEndpoint(local) : `descriptor ${local.fd}`;
    throw describeEndpointError(error, `Cannot bind ${what}`, local);
  }
}

function lookupOf(network: Network): Lookup {
  return (hostname) => {
    if (network.lookup !== undefined) return network.lookup(hostname);
    const cause = new Error(`${network.name} looks no names up`);
    return Promise.reject(new NameResolutionError(hostname, { cause }));
  };
}
