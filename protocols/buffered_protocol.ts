import { BaseProtocol } from "./base_protocol.ts";
import type { BufferedProtocolCallbacks } from "./contract.ts";

/**
 * A protocol that lends the buffer which bytes are read into: asyncio's `BufferedProtocol`.
 *
 * It saves the allocation and the copy of each chunk, which pays for large transfers.
 *
 * ```text
 * connectionMade -> (getBuffer -> bufferUpdated)* -> eofReceived? -> connectionLost
 * ```
 *
 * A buffer may be asked for and then stay unused, when the peer sends nothing more.
 *
 * @example Filling one buffer
 * ```ts
 * import { BufferedProtocol, memoryTransportPair } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Collect extends BufferedProtocol {
 *   readonly bytes = new Uint8Array(64);
 *   readonly full = Promise.withResolvers<void>();
 *   #length = 0;
 *   override getBuffer(): Uint8Array {
 *     return this.bytes.subarray(this.#length);
 *   }
 *   override bufferUpdated(bytes: number): void {
 *     this.#length += bytes;
 *     if (this.#length === 5) this.full.resolve();
 *   }
 * }
 *
 * const [client, server] = await memoryTransportPair(() => ({}), () => new Collect());
 * client.transport.write("hello");
 * await server.protocol.full.promise;
 * assertEquals(new TextDecoder().decode(server.protocol.bytes.subarray(0, 5)), "hello");
 * server.transport.abort();
 * await client.transport.closed;
 * ```
 */
export abstract class BufferedProtocol extends BaseProtocol implements BufferedProtocolCallbacks {
  /**
   * Gives the buffer that the next bytes are put into, at its start.
   *
   * It belongs to the transport until {@linkcode bufferUpdated}; an empty one ends the connection
   * with an `InvalidStateError`.
   *
   * @param sizeHint How many bytes are known to wait; -1 where that is not known.
   */
  abstract getBuffer(sizeHint: number): Uint8Array;

  /**
   * Bytes were put at the start of the buffer last given.
   *
   * A returned promise holds reading back until it settles.
   *
   * @param _bytes How many, at least 1.
   */
  bufferUpdated(_bytes: number): unknown {
    return undefined;
  }

  /** As {@linkcode Protocol.eofReceived}. */
  eofReceived(): boolean | void | Promise<boolean | void> {}
}
