import type { Address } from "../protocols/facts/address.ts";
import type { DatagramProtocolCallbacks } from "../protocols/datagram_contract.ts";
import { checkProtocolFactory, makeProtocol } from "./core/callbacks.ts";
import type { DatagramCarrier } from "./datagrams/datagram_carrier.ts";
import {
  checkQueueOptions,
  type DatagramQueueOptions,
  resolveEndpointOptions,
} from "./datagrams/datagram_options.ts";
import { type DatagramEndpoint, EndpointTransport } from "./datagrams/endpoint_transport.ts";
import { MemoryHub } from "./datagrams/carriers/memory_hub.ts";

/**
 * Two datagram endpoints that are connected to each other inside this process, for tests. They need
 * no permission, and lose nothing but what their queues drop.
 *
 * @example A protocol, tested without a network
 * ```ts
 * import { type DatagramTransport, memoryDatagramPair } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const pong = (transport: DatagramTransport) => transport.sendto("pong");
 * const answer = Promise.withResolvers<string>();
 * const [a, b] = await memoryDatagramPair(
 *   () => ({ datagramReceived: (data) => answer.resolve(new TextDecoder().decode(data)) }),
 *   () => ({ datagramReceived: () => void pong(b.transport) }),
 * );
 * a.transport.sendto("ping");
 * assertEquals(await answer.promise, "pong");
 * a.transport.close();
 * b.transport.close();
 * ```
 *
 * @typeParam A The first protocol.
 * @typeParam B The second protocol.
 * @param protocolFactoryA Makes the first protocol.
 * @param protocolFactoryB Makes the second one.
 * @param options Limits of both ends.
 * @returns Both ends, after `connectionMade` of the first and then of the second.
 * @throws {TypeError} If an option is of a wrong kind.
 * @throws {RangeError} If one is out of range.
 */
// deno-lint-ignore require-await -- what is wrong rejects, as of every other endpoint
export async function memoryDatagramPair<
  A extends DatagramProtocolCallbacks,
  B extends DatagramProtocolCallbacks,
>(
  protocolFactoryA: () => A,
  protocolFactoryB: () => B,
  options: DatagramQueueOptions = {},
): Promise<[DatagramEndpoint<A>, DatagramEndpoint<B>]> {
  checkProtocolFactory(protocolFactoryA);
  checkProtocolFactory(protocolFactoryB);
  checkQueueOptions(options);
  const settings = resolveEndpointOptions(options);
  const hub = new MemoryHub();
  const [carrierA, carrierB] = [hub.bind("a"), hub.bind("b")];
  const [a, b] = [makeProtocol(protocolFactoryA), makeProtocol(protocolFactoryB)];
  const make = (
    carrier: DatagramCarrier,
    protocol: DatagramProtocolCallbacks,
    peer: Address,
  ): EndpointTransport => new EndpointTransport(carrier, protocol, peer, null, settings);
  const transportA = make(carrierA, a, carrierB.address);
  const transportB = make(carrierB, b, carrierA.address);
  transportA.start();
  transportB.start();
  return [{ transport: transportA, protocol: a }, { transport: transportB, protocol: b }];
}
