import { type Bytes, copyOf } from "../protocols/bytes.ts";
import type { CloseInfo } from "../protocols/facts/close_info.ts";
import type { AnyProtocol } from "../protocols/contract.ts";
import type { ByteSource, Carrier } from "./core/carrier.ts";
import { type Connected, connectOver, startTransport } from "./core/connect_carrier.ts";
import { resolveTls, TLS_OPTION_CHECKS, type TlsOption } from "./tls/tls_options.ts";
import { withTlsLayer } from "./tls/tls_stack.ts";
import { checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import { checkProtocolFactory } from "./core/callbacks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./core/transport_options.ts";

const CHECKS: OptionTable<TlsOption & TransportOptions> = {
  ...TLS_OPTION_CHECKS,
  ...TRANSPORT_CHECKS,
};

/** The two directions of a connection as Web streams; one may be missing. */
export interface StreamPair {
  /** The incoming bytes; without it nothing ever comes in, and nothing ends. */
  readonly readable?: ReadableStream<Bytes>;
  /** Where the outgoing bytes go; without it writing fails. */
  readonly writable?: WritableStream<Bytes>;
}

/**
 * Makes a transport over any pair of Web streams: a file, a process, a WebTransport stream, a
 * `TransformStream` pair.
 *
 * Both streams are locked and belong to the transport. `writeEof()` closes the writable and leaves
 * the readable open; `close()` closes one and cancels the other; `abort()` aborts one and cancels
 * the other.
 *
 * @example Over a pair of transform streams
 * ```ts
 * import { connectStreams } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 * import { toText } from "@std/streams";
 *
 * const incoming = new TransformStream<Uint8Array<ArrayBuffer>>();
 * const outgoing = new TransformStream<Uint8Array<ArrayBuffer>>();
 * const { transport } = await connectStreams(
 *   () => ({}),
 *   { readable: incoming.readable, writable: outgoing.writable },
 * );
 * transport.write("sent");
 * transport.close();
 * assertEquals(await toText(outgoing.readable), "sent");
 * await transport.closed;
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, both streams are given up and this
 * rejects.
 * @param streams The two directions.
 * @param options Limits and the error handler.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If a stream is locked.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectStreams<P extends AnyProtocol>(
  protocolFactory: () => P,
  streams: StreamPair,
  options: TlsOption & TransportOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect streams", options, CHECKS);
  const stacked = withTlsLayer(options, resolveTls(options, false));
  return await connectOver(protocolFactory, new WebStreamCarrier(streams), stacked);
}

/** {@linkcode connectStreams} without layers, and without a promise. */
export function attachStreams<P extends AnyProtocol>(
  protocolFactory: () => P,
  streams: StreamPair,
): Connected<P> {
  return startTransport(protocolFactory, new WebStreamCarrier(streams));
}

/** A pair of Web streams as a {@linkcode Carrier}. */
class WebStreamCarrier implements Carrier {
  readonly source: ByteSource;
  readonly #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  readonly #writer: WritableStreamDefaultWriter<Bytes> | undefined;
  #isWriteEnded = false;

  constructor({ readable, writable }: StreamPair) {
    if (readable?.locked || writable?.locked) {
      throw new TypeError("Cannot connect streams: one of them is locked to somebody else");
    }
    this.#reader = readable?.getReader();
    this.#writer = writable?.getWriter();
    // Failures are seen by the next write; without this they would count as unhandled.
    this.#writer?.closed.catch(() => {});
    this.source = { next: () => this.#next() };
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#writer === undefined) {
      throw new TypeError("Cannot write: there is no writable stream");
    }
    // The queue of the stream may keep the chunk, and the transport's buffers are used again.
    await this.#writer.write(copyOf(bytes));
    return bytes.length;
  }

  async closeWrite(): Promise<void> {
    this.#isWriteEnded = true;
    await this.#writer?.close();
  }

  async finish(): Promise<void> {
    if (!this.#isWriteEnded) await this.closeWrite();
  }

  close({ error }: Pick<CloseInfo, "endedBy" | "error">): void {
    const ignore = () => {};
    this.#reader?.cancel(error).catch(ignore);
    if (!this.#isWriteEnded) this.#writer?.abort(error).catch(ignore);
  }

  getExtraInfo(): undefined {
    return undefined;
  }

  /**
   * The next chunk that is not empty; also one whose memory was transferred away, which the
   * transport refuses. Without a readable there is none until the writable fails.
   */
  async #next(): Promise<IteratorResult<Bytes, void>> {
    if (this.#reader === undefined) {
      await this.#writer?.closed;
      return await new Promise(() => {});
    }
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return { done, value: undefined };
      // The reader refuses values that are no bytes.
      const isBytes = value as unknown instanceof Uint8Array;
      if (!isBytes || value.length > 0 || value.buffer.detached) return { done, value };
    }
  }
}
