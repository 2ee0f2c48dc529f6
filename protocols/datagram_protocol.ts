import type { Address } from "./facts/address.ts";
import type { Bytes } from "./bytes.ts";
import { notConnected } from "./_not_connected.ts";
import type { DatagramProtocolCallbacks, DatagramTransport } from "./datagram_contract.ts";

/** Tells a protocol of the endpoint that it has from now on, if it wants to know. */
export let giveEndpoint: (protocol: object, transport: DatagramTransport) => void;

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
  static {
    giveEndpoint = (protocol, transport) => {
      if (#transport in protocol) protocol.#transport = transport;
    };
  }

  #transport: DatagramTransport | null = null;

  /**
   * The endpoint: what `connectionMade` was given, or what `setProtocol` was called on.
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
