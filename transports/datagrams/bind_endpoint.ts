import { lookup as lookUp } from "node:dns/promises";
import type { Address, NetAddress } from "../../protocols/contract.ts";
import type { DatagramProtocolCallbacks } from "../../protocols/datagram_contract.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import { describeEndpointError } from "../core/os_error.ts";
import { checkProtocolFactory } from "../core/protocol_factory.ts";
import { bindDatagrams } from "./bind_datagrams.ts";
import {
  checkBindOptions,
  checkEndpointOptions,
  checkQueueOptions,
  type DatagramEndpointOptions,
  type DatagramPlace,
  resolveEndpointOptions,
} from "./datagram_options.ts";
import { EndpointTransport } from "./endpoint_transport.ts";
import { familyOf, isLoopback } from "./_ip_address.ts";
import { type Lookup, NameCache, resolveHost } from "./_name_cache.ts";

/** Opens an endpoint, see `createDatagramEndpoint`. */
export async function bindEndpoint<P extends DatagramProtocolCallbacks>(
  protocolFactory: () => P,
  options: DatagramEndpointOptions,
): Promise<{ readonly transport: EndpointTransport; readonly protocol: P }> {
  checkProtocolFactory(protocolFactory);
  checkEndpointOptions(options);
  checkQueueOptions(options);
  checkBindOptions(options);
  options.signal?.throwIfAborted();
  const lookup: Lookup = async (hostname) =>
    (await lookUp(hostname, { all: true })).map(({ address }) => address);
  const { local, remote } = await resolvePlaces(options, lookup);
  options.signal?.throwIfAborted();
  const carrier = await bindDatagrams(local, options).catch((error) => {
    throw describeEndpointError(error, `Cannot bind ${formatEndpoint(local)}`, local);
  });
  try {
    options.signal?.throwIfAborted();
    const protocol = makeDatagramProtocol(protocolFactory);
    const family = "hostname" in carrier.address ? familyOf(carrier.address.hostname) : null;
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

interface Places {
  readonly local: DatagramPlace;
  readonly remote: Address | null;
}

/** Both addresses, looked up once, and of one family. */
async function resolvePlaces(options: DatagramEndpointOptions, lookup: Lookup): Promise<Places> {
  const { localAddr, remoteAddr } = options;
  const family = options.family ?? null;
  if (localAddr?.path !== undefined || remoteAddr?.path !== undefined) {
    return {
      local: { path: localAddr?.path ?? "" },
      remote: remoteAddr?.path === undefined
        ? null
        : { transport: "unixpacket", path: remoteAddr.path },
    };
  }
  const own = localAddr && await resolve(localAddr, family, lookup);
  const ownFamily = own === undefined ? family : familyOf(own.hostname);
  const peer = remoteAddr && await resolve(remoteAddr, ownFamily, lookup);
  if (own !== undefined) return { local: own, remote: peer ?? null };
  if (peer === undefined) {
    return { local: { hostname: wildcard(ownFamily), port: 0 }, remote: null };
  }
  const isNear = isLoopback(peer.hostname);
  const isIPv4 = familyOf(peer.hostname) === 4;
  const near = isIPv4 ? "127.0.0.1" : "::1";
  return { local: { hostname: isNear ? near : wildcard(isIPv4 ? 4 : 6), port: 0 }, remote: peer };
}

function wildcard(family: 4 | 6 | null): string {
  return family === 6 ? "::" : "0.0.0.0";
}

async function resolve(
  { hostname = "127.0.0.1", port = 0 }: DatagramPlace,
  family: 4 | 6 | null,
  lookup: Lookup,
): Promise<NetAddress> {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  const known = familyOf(bare);
  if (known !== null && family !== null && known !== family) {
    throw new TypeError(
      `Cannot open endpoint: ${hostname} is an IPv${known} address, the endpoint is IPv${family}`,
    );
  }
  const address = known === null ? await resolveHost(lookup, hostname, family) : bare;
  return { transport: "udp", hostname: address, port };
}

function makeDatagramProtocol<P extends DatagramProtocolCallbacks>(factory: () => P): P {
  const protocol = factory();
  const isObject = typeof protocol === "object" && protocol !== null;
  if (isObject && !(protocol instanceof Promise)) return protocol;
  throw new TypeError(`Cannot use protocol: the factory returned ${String(protocol)}`);
}
