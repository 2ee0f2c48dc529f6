import type { Address } from "./facts/address.ts";
import type { Bytes } from "./bytes.ts";
import { BaseProtocol } from "./base_protocol.ts";
import type { DatagramProtocolCallbacks, DatagramTransport } from "./datagram_contract.ts";

/**
 * A protocol of messages instead of a stream: asyncio's `DatagramProtocol`. Each callback does
 * nothing by itself; `createDatagramEndpoint` drives it. Between `pauseWriting` and `resumeWriting`
 * the send queue is above its marks.
 *
 * ```text
 * connectionMade -> (datagramReceived | errorReceived)* -> connectionLost
 * ```
 *
 * An exception of a callback is reported to `onError`, and the endpoint goes on.
 *
 * @example An echo server
 * ```ts
 * import { type Address, createDatagramEndpoint, DatagramProtocol } from "@sluice/net";
 *
 * class Echo extends DatagramProtocol {
 *   override datagramReceived(data: Uint8Array, address: Address): void {
 *     this.transport.sendto(data, address);
 *   }
 * }
 *
 * const options = { localAddr: { port: 0 } };
 * await using _server = (await createDatagramEndpoint(() => new Echo(), options)).transport;
 * ```
 */
export class DatagramProtocol extends BaseProtocol<DatagramTransport>
  implements DatagramProtocolCallbacks {
  /** One datagram arrived, possibly empty. It is the protocol's to keep. */
  datagramReceived(_data: Bytes, _address: Address): unknown {
    return undefined;
  }

  /** A send failed, or a datagram arrived cut off. The endpoint goes on. */
  errorReceived(_error: Error): void {}
}
