import { BaseProtocol } from "./base_protocol.ts";
import type { Bytes } from "./bytes.ts";
import type { ProtocolCallbacks } from "./contract.ts";

/**
 * A protocol that is handed the bytes of a connection chunk by chunk: asyncio's `Protocol`.
 *
 * Override what you need; every body is empty. Where one chunk ends and the next begins means
 * nothing: the network splits and joins as it likes.
 *
 * ```text
 * connectionMade -> dataReceived* -> eofReceived? -> connectionLost
 * ```
 *
 * @example A protocol that answers
 * ```ts
 * import { memoryTransportPair, Protocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Shout extends Protocol {
 *   override dataReceived(chunk: Uint8Array): void {
 *     this.transport.write(new TextDecoder().decode(chunk).toUpperCase());
 *   }
 * }
 *
 * const answer = Promise.withResolvers<string>();
 * const [client] = await memoryTransportPair(
 *   () => ({ dataReceived: (chunk) => answer.resolve(new TextDecoder().decode(chunk)) }),
 *   () => new Shout(),
 * );
 * client.transport.write("hello");
 * assertEquals(await answer.promise, "HELLO");
 * client.transport.close();
 * await client.transport.closed;
 * ```
 */
export class Protocol extends BaseProtocol implements ProtocolCallbacks {
  /**
   * Bytes arrived.
   *
   * A returned promise holds reading back: the next chunk is read only after it settles, and its
   * rejection ends the connection like an exception. Any other result is ignored.
   *
   * @param _chunk At least one byte. Its buffer is yours alone: keep it, change it, or transfer it
   * to a Worker. A subclass that says `readonly borrowsChunks = true` has it lent instead, until
   * this returns or the promise settles: see {@linkcode ProtocolCallbacks.borrowsChunks}.
   */
  dataReceived(_chunk: Bytes): unknown {
    return undefined;
  }

  /**
   * The peer will send no more. Called at most once, never after `close()`.
   *
   * @returns A truthy value keeps the connection open for writing; otherwise the transport sends
   * what it has buffered and closes itself. While a promise is pending it stays open.
   */
  eofReceived(): boolean | void | Promise<boolean | void> {}
}
