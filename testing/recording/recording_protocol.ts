import type { Bytes } from "../../protocols/bytes.ts";
import type { ProtocolCallbacks } from "../../protocols/contract.ts";
import { CallbackRecorder } from "./callback_recorder.ts";

/**
 * A protocol that writes down what it is told, so that a test can wait for it and look at it.
 *
 * By itself it does nothing else. Given another protocol it stands in front of it: each call is
 * recorded and then passed on, so it shows what happens to a protocol of yours.
 *
 * @example Waiting for what happens
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { RecordingProtocol } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
 * a.transport.write("hello");
 * a.transport.close();
 * await b.protocol.until("connectionLost");
 * assertEquals(b.protocol.receivedText, "hello");
 * assertEquals(b.protocol.order, [
 *   "connectionMade",
 *   "dataReceived",
 *   "eofReceived",
 *   "connectionLost",
 * ]);
 * ```
 */
export class RecordingProtocol extends CallbackRecorder implements ProtocolCallbacks {
  readonly #inner: ProtocolCallbacks;

  /**
   * Creates a recorder without records.
   *
   * @param inner The protocol to pass each call on to; by default one that does nothing.
   */
  constructor(inner: ProtocolCallbacks = {}) {
    super(inner);
    this.#inner = inner;
  }

  /** Whether chunks are lent: if the protocol that is given borrows them. */
  get borrowsChunks(): boolean {
    return this.#inner.borrowsChunks === true;
  }

  /** Records a copy of the chunk, passes the chunk on and returns the answer. */
  dataReceived(chunk: Bytes): unknown {
    this.record("dataReceived", chunk);
    return this.#inner.dataReceived?.(chunk);
  }
}
