import type { BufferedProtocolCallbacks } from "../../protocols/contract.ts";
import { CallbackRecorder } from "./callback_recorder.ts";

/** The default size of the buffer that is lent, in bytes: what asyncio asks for in one read. */
const DEFAULT_SIZE = 262_144;

/**
 * {@linkcode RecordingProtocol} as a buffered protocol. Calls of `getBuffer` are not recorded: how
 * many there are depends on how the bytes happen to arrive.
 *
 * @example Receiving in small pieces
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { RecordingBufferedProtocol } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const buffer = new Uint8Array(3);
 * const [a, b] = await memoryTransportPair(
 *   () => ({}),
 *   () => new RecordingBufferedProtocol({ getBuffer: () => buffer }),
 * );
 * a.transport.write("hello");
 * await b.protocol.untilReceived(5);
 * assertEquals(b.protocol.count("bufferUpdated"), 2);
 * a.transport.close();
 * ```
 */
export class RecordingBufferedProtocol extends CallbackRecorder
  implements BufferedProtocolCallbacks {
  readonly #inner: Partial<BufferedProtocolCallbacks>;
  #own: Uint8Array | null = null;
  #lent: Uint8Array | null = null;

  /**
   * Creates a recorder without records.
   *
   * @param inner The protocol to pass each call on to. Without a `getBuffer` of its own it gets one
   * that always lends the same 256 KiB.
   */
  constructor(inner: Partial<BufferedProtocolCallbacks> = {}) {
    super(inner);
    this.#inner = inner;
  }

  /** Calls the inner protocol. */
  getBuffer(sizeHint: number): Uint8Array {
    return this.#lent = this.#inner.getBuffer?.(sizeHint) ??
      (this.#own ??= new Uint8Array(DEFAULT_SIZE));
  }

  /** Records a copy of the bytes, passes the call on and returns the answer. */
  bufferUpdated(bytes: number): unknown {
    this.record("bufferUpdated", this.#lent?.subarray(0, bytes));
    return this.#inner.bufferUpdated?.(bytes);
  }
}
