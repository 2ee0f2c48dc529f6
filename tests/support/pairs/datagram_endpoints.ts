/**
 * The kinds of datagram endpoints that the battery runs with.
 *
 * @module
 */
import { createDatagramEndpoint } from "@sluice/net";
import type { MakeDatagramEndpoint } from "@sluice/net/testing";
import type { DatagramEndpointOptions } from "@sluice/net/transports";
import type { NetAddress } from "../../../protocols/facts/address.ts";
import { resolveEndpointOptions } from "../../../transports/datagrams/datagram_options.ts";
import { EndpointTransport } from "../../../transports/datagrams/endpoint_transport.ts";
import { MemoryHub } from "../../../transports/datagrams/carriers/memory_hub.ts";

/** Endpoints of UDP, of the loopback address of one family, and with further options. */
export function udp(
  hostname: string,
  further: Pick<DatagramEndpointOptions, "multicast" | "network"> = {},
): MakeDatagramEndpoint {
  return (protocolFactory, { peer, ...options }) =>
    createDatagramEndpoint(protocolFactory, {
      localAddr: { hostname },
      ...(peer !== undefined && { remoteAddr: peer as NetAddress }),
      ...further,
      ...options,
    });
}

/** Endpoints of Unix sockets, in a folder. On Deno's own network they need `--unstable-net`. */
export function unix(
  folder: string,
  further: Pick<DatagramEndpointOptions, "network"> = {},
): MakeDatagramEndpoint {
  let count = 0;
  return (protocolFactory, { peer, ...options }) =>
    createDatagramEndpoint(protocolFactory, {
      localAddr: { path: `${folder}/${count++}.sock` },
      ...(peer?.transport === "unixpacket" && { remoteAddr: { path: peer.path } }),
      ...further,
      ...options,
    });
}

/** Endpoints inside of this process. */
export function memory(): MakeDatagramEndpoint {
  const hub = new MemoryHub();
  let count = 0;
  return (protocolFactory, { peer = null, ...options }) => {
    const settings = resolveEndpointOptions(options);
    const carrier = hub.bind(`${count++}`);
    const transport = new EndpointTransport(carrier, protocolFactory(), peer, null, settings);
    transport.start();
    return Promise.resolve({ transport });
  };
}
