import type { Address, Bytes, DatagramTransport } from "./contract.ts";

/**
 * A protocol of messages instead of a stream: asyncio's `DatagramProtocol`. The contract only: nothing in this
 * release drives one.
 *
 * ```text
 * connectionMade -> (datagramReceived | errorReceived)* -> connectionLost
 * ```
 *
 * @example What a subclass looks like
 * ```ts
 * import { type Address, DatagramProtocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Count extends DatagramProtocol {
 *   bytes = 0;
 *   override datagramReceived(data: Uint8Array, _address: Address): void {
 *     this.bytes += data.length;
 *   }
 * }
 *
 * const count = new Count();
 * count.datagramReceived(new Uint8Array(3), { transport: "udp", hostname: "127.0.0.1", port: 9 });
 * assertEquals(count.bytes, 3);
 * ```
 */
export class DatagramProtocol {
  /** Called once, before any other callback. */
  connectionMade(_transport: DatagramTransport): void {}

  /** Called once, last, with the failure that ended the endpoint, or `null`. */
  connectionLost(_error: Error | null): void {}

  /** One datagram arrived, possibly empty. It is the protocol's to keep. */
  datagramReceived(_data: Bytes, _address: Address): void {}

  /** An earlier send or receive failed; the endpoint stays open. */
  errorReceived(_error: Error): void {}

  /** The send buffer rose above its high mark. */
  pauseWriting(): void {}

  /** The send buffer fell to its low mark. */
  resumeWriting(): void {}
}
