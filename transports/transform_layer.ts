import type {
  AnyProtocol,
  Bytes,
  CloseInfo,
  ProtocolCallbacks,
  Transport,
} from "../protocols/contract.ts";
import type { Carrier } from "./carrier.ts";
import { CarrierTransport } from "./carrier_transport.ts";
import { Handoff } from "./handoff.ts";
import type { LayerFactory, TransportOptions } from "./transport_options.ts";

/** What a transform gives: one piece, several, or several as they come. Empty pieces are dropped. */
export type Transformed = Bytes | Iterable<Bytes> | AsyncIterable<Bytes>;

/**
 * How bytes are changed on their way through a connection. Each direction is called for one chunk at a
 * time: the next call comes when all that the last one gave was taken.
 */
export interface ByteTransform {
  /** Changes bytes on their way out. What it returns must not share memory with `chunk`, unless it is `chunk` itself. */
  encode(chunk: Bytes): Transformed | Promise<Transformed>;
  /** What is still to be sent before the outgoing direction ends. */
  encodeEnd?(): Transformed | Promise<Transformed>;
  /** Changes bytes on their way in. An exception ends the connection and is reported. */
  decode(chunk: Bytes): Transformed | Promise<Transformed>;
  /** What is left when the incoming direction has ended; throws if it ended too early. */
  decodeEnd?(): Transformed | Promise<Transformed>;
  /** The connection has ended: releases what the transform holds. */
  close?(): void;
  /** A fact that this layer adds to the connection, see `Transport.getExtraInfo`; `undefined` if not known. */
  getExtraInfo?(name: string): unknown;
}

/**
 * Makes a layer of a transform: it may change the bytes, their number and their pieces, keep them back, and take its time.
 *
 * The layer has buffers, water marks and a life of its own, like any transport. While the transform works or the
 * neighbour is full, nothing more is taken from the other one.
 *
 * @example Adding one to every byte
 * ```ts
 * import { type Bytes, memoryTransportPair, Protocol, transformLayer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const shift = (by: number) => (chunk: Bytes) => chunk.map((byte) => byte + by);
 * const received = Promise.withResolvers<Uint8Array>();
 * const [a] = await memoryTransportPair(
 *   () => new Protocol(),
 *   () => ({ dataReceived: received.resolve }),
 *   { layers: [transformLayer(() => ({ encode: shift(1), decode: shift(-1) }))] },
 * );
 * a.transport.write(new Uint8Array([1, 2, 3]));
 * assertEquals(await received.promise, new Uint8Array([1, 2, 3]));
 * a.transport.close();
 * await a.transport.closed;
 * ```
 *
 * @param makeTransform Makes the transform of one connection.
 */
export function transformLayer(makeTransform: () => ByteTransform): LayerFactory {
  return (upper, options) => new TransformCarrier(makeTransform(), upper, options);
}

/** To the transport below a protocol; to the transport above what carries its bytes. */
class TransformCarrier implements Carrier, ProtocolCallbacks {
  readonly source: Handoff = new Handoff();
  closeWrite?: () => Promise<void>;
  readonly #transform: ByteTransform;
  readonly #top: CarrierTransport;
  #inner: Transport | null = null;
  #isWriteEnded = false;
  #isFull = false;
  #onRoom: (() => void) | null = null;

  constructor(transform: ByteTransform, upper: AnyProtocol, options: TransportOptions) {
    this.#transform = transform;
    this.#top = new CarrierTransport(this, upper, options);
  }

  connectionMade(inner: Transport): void {
    this.#inner = inner;
    if (inner.canWriteEof()) this.closeWrite = () => this.#endWriting();
    this.#top.start();
  }

  async dataReceived(chunk: Bytes): Promise<void> {
    await this.#deliver(await this.#transform.decode(chunk));
  }

  eofReceived(): boolean {
    void this.#endReading();
    return true;
  }

  pauseWriting(): void {
    this.#isFull = true;
  }

  resumeWriting(): void {
    this.#isFull = false;
    this.#onRoom?.();
  }

  connectionLost(error: Error | null): void {
    this.#onRoom?.();
    this.#top.abort(error ?? undefined);
  }

  async write(bytes: Uint8Array): Promise<number> {
    // The transport above lends its bytes over a plain ArrayBuffer, and only until this resolves.
    await this.#send(await this.#transform.encode(bytes.slice()));
    return bytes.length;
  }

  async finish(): Promise<void> {
    if (!this.#isWriteEnded) await this.#send(await this.#transform.encodeEnd?.() ?? []);
    this.#inner?.close();
    const outcome = await this.#inner?.closed;
    if (outcome?.error) throw outcome.error;
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.source.abandon();
    this.#transform.close?.();
    if (endedBy === "abort" || error !== null) this.#inner?.abort(error ?? undefined);
  }

  getExtraInfo(name: string): unknown {
    return this.#transform.getExtraInfo?.(name) ?? this.#inner?.getExtraInfo(name);
  }

  async #endReading(): Promise<void> {
    try {
      await this.#deliver(await this.#transform.decodeEnd?.() ?? []);
      this.source.end();
    } catch (error) {
      this.#top.onCallbackError("decodeEnd", error);
    }
  }

  async #endWriting(): Promise<void> {
    await this.#send(await this.#transform.encodeEnd?.() ?? []);
    this.#isWriteEnded = true;
    this.#inner?.writeEof();
  }

  async #deliver(transformed: Transformed): Promise<void> {
    for await (const piece of piecesOf(transformed)) {
      if (piece.length > 0) await this.source.put(piece);
    }
  }

  async #send(transformed: Transformed): Promise<void> {
    for await (const piece of piecesOf(transformed)) {
      this.#inner?.write(piece);
      if (this.#isFull) await new Promise<void>((resolve) => this.#onRoom = resolve);
    }
  }
}

function piecesOf(transformed: Transformed): Iterable<Bytes> | AsyncIterable<Bytes> {
  return transformed instanceof Uint8Array ? [transformed] : transformed;
}
