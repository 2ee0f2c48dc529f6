import type { DatagramProtocolCallbacks } from "../protocols/datagram_contract.ts";
import type { DatagramEndpointOptions } from "./datagram_endpoint_options.ts";
import type { DatagramEndpoint } from "./datagrams/endpoint_transport.ts";

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
 * import type { Address } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class UpperCase extends DatagramProtocol {
 *   override datagramReceived(data: Uint8Array, address: Address): void {
 *     this.transport.sendto(new TextDecoder().decode(data).toUpperCase(), address);
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
  // Only a program that sends datagrams loads what does it.
  const { openEndpoint } = await import("./open_endpoint.ts");
  return await openEndpoint(protocolFactory, options);
}
