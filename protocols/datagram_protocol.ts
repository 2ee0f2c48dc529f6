import type { Address } from "./facts/address.ts";
import type { Bytes } from "./bytes.ts";
import { notConnected } from "./_not_connected.ts";
import type { DatagramProtocolCallbacks, DatagramTransport } from "./datagram_contract.ts";

/**
 * A protocol of messages instead of a stream: asyncio's `DatagramProtocol`. Each callback does
 * nothing by itself; `createDatagramEndpoint` drives it.
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
export class DatagramProtocol implements DatagramProtocolCallbacks {
  #transport: DatagramTransport | null = null;

  /**
   * The endpoint that `connectionMade` was given.
   *
   * @throws {InvalidStateError} Before `connectionMade`.
   */
  get transport(): DatagramTransport {
    if (this.#transport === null) throw notConnected();
    return this.#transport;
  }

  /** Called once, before any other callback. */
  connectionMade(transport: DatagramTransport): void {
    this.#transport = transport;
  }

  /** Called once, last, with the failure that ended the endpoint, or `null`. */
  connectionLost(_error: Error | null): void {}

  /** One datagram arrived, possibly empty. It is the protocol's to keep. */
  datagramReceived(_data: Bytes, _address: Address): unknown {
    return undefined;
  }

  /** A send failed, or a datagram arrived cut off. The endpoint goes on. */
  errorReceived(_error: Error): void {}

  /** The send queue rose above its high mark: stop sending until {@linkcode resumeWriting}. */
  pauseWriting(): void {}

  /** The send queue fell to its low mark: go on sending. */
  resumeWriting(): void {}
}
