import type { CloseInfo } from "../../protocols/close_info.ts";
import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { callBack } from "../core/callbacks.ts";
import type { Carrier } from "../core/carrier.ts";
import { CarrierTransport } from "../core/carrier_transport.ts";
import type { ChunkQueue } from "../core/read/chunk_queue.ts";
import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";
import { isWritingPaused } from "../core/writing.ts";
import { LayerHandover } from "./layer_handover.ts";
import { markStacked, restack } from "./restack.ts";
import type { ByteTransform } from "./byte_transform.ts";
import { DEFAULT_MAX_WRITE_BUFFER, type TransportOptions } from "../core/transport_options.ts";
import { putOnTop, takeOff } from "../core/stack_top.ts";
import { TransformInput } from "./_transform_input.ts";
import { TransformOutput } from "./_transform_output.ts";
import { TransportWrapper } from "../core/transport_wrapper.ts";
import { DEFAULT_HIGH_WATER } from "../core/write/water_marks.ts";

/** The most that is encoded at a time, in bytes: bounds what a transform makes of it. */
const LARGEST_WRITE = 131_072;

/** The transport of the protocol above a transform. Once the layer is removed it forwards to the transport below. */
class TransformTop extends TransportWrapper {
  /** The layer that carries its bytes. */
  readonly carrier: TransformCarrier;

  constructor(carrier: TransformCarrier) {
    super();
    this.carrier = carrier;
  }

  /** Later input is dropped, but the transform may need it to go on with its output. */
  override close(): void {
    super.close();
    this.carrier.source.abandon();
  }

  override pauseReading(): void {
    if (!this.carrier.keepWish(false)) super.pauseReading();
  }

  override resumeReading(): void {
    if (!this.carrier.keepWish(true)) super.resumeReading();
  }

  override isReading(): boolean {
    return super.isReading() && this.carrier.isReadingWanted;
  }
}

/**
 * A {@linkcode ByteTransform} at work: to the transport below a protocol, to the transport above what
 * carries its bytes.
 *
 * ```text
 * write -> queue of the top -> encode -> inner.write       and waits while inner is full
 * inner -> dataReceived -> decode -> queue -> pump of the top -> protocol above
 * ```
 */
export class TransformCarrier implements Carrier, ProtocolCallbacks {
  closeWrite?: () => Promise<void>;
  readonly #transform: ByteTransform;
  readonly #options: TransportOptions;
  readonly #transport: CarrierTransport;
  readonly #top: TransformTop;
  readonly #input = new TransformInput((callback, thrown) => this.#fail(callback, thrown));
  readonly #output = new TransformOutput(
    (piece) => void this.inner.write(piece),
    (callback, thrown) => this.#fail(callback, thrown),
  );
  #inner: Transport | null = null;
  #encodedStart: Promise<void> | null = null;
  // The end of the outgoing direction: what is written after it goes as it is.
  #encodedEnd: Promise<void> | null = null;
  #encoded = 0;
  // A removal waits until so many bytes are encoded.
  #cutAt = Infinity;
  #onCut: (() => void) | null = null;
  #isReadEnded = false;
  #isWriteEnded = false;
  #isFinishing = false;
  // When closing began everything that was written had left.
  #isAllSent = false;
  #isClosed = false;
  #decoding: void | Promise<void> = undefined;
  // Bytes that came after the transform has left, for the next protocol.
  #held: Bytes[] | null = null;
  // Whether the protocol above wants to read, while the layer reads for itself to be done; else null.
  #wish: boolean | null = null;

  /** Goes below `upper`; the transport below comes with `connectionMade`. */
  constructor(transform: ByteTransform, upper: AnyProtocol, options: TransportOptions) {
    this.#transform = transform;
    this.#options = options;
    this.#top = new TransformTop(this);
    const entrance: ProtocolCallbacks = {
      connectionMade: (transport) => {
        transport.setProtocol(upper);
        return upper.connectionMade?.(this.#top);
      },
      connectionLost: (error) => upper.connectionLost?.(error),
    };
    this.#transport = new CarrierTransport(this, entrance, options);
    this.#top.inner = this.#transport;
    markStacked(this);
  }

  get source(): ChunkQueue {
    return this.#input.source;
  }

  /** The layer of this kind right below a transport. */
  static below(top: Transport): TransformCarrier | undefined {
    return top instanceof TransformTop ? top.carrier : undefined;
  }

  /** The transport below. Its water marks are this layer's business. */
  get inner(): Transport {
    if (this.#inner !== null) return this.#inner;
    throw new InvalidStateError("Cannot use transport: not connected yet");
  }

  set inner(transport: Transport) {
    this.#inner = transport;
    const { maxWriteBuffer = DEFAULT_MAX_WRITE_BUFFER } = this.#options;
    transport.setWriteBufferLimits({ high: Math.min(DEFAULT_HIGH_WATER, maxWriteBuffer) });
  }

  connectionMade(transport: Transport): void {
    this.inner = transport;
    putOnTop(transport, this.#top);
    if (transport.canWriteEof()) this.closeWrite = () => this.#endWriting();
    const { encodeStart } = this.#transform;
    if (encodeStart !== undefined) {
      this.#encodedStart = this.#output.encode(
        "encodeStart",
        () => encodeStart.call(this.#transform),
      );
    }
    this.#transport.start();
    // A pause from before the layer was put in is the top's matter from now on.
    transport.resumeReading();
  }

  dataReceived(chunk: Bytes): void | Promise<void> {
    if (this.#held !== null) this.#held.push(chunk);
    else return this.#decoding = this.#input.decode("decode", () => this.#transform.decode(chunk));
  }

  eofReceived(): boolean {
    this.#isReadEnded = true;
    const decoded = this.#input.decode("decodeEnd", () => this.#transform.decodeEnd?.() ?? []);
    void Promise.resolve(decoded).then(() => this.source.end());
    return true;
  }

  pauseWriting(): void {
    this.#output.pause();
  }

  resumeWriting(): void {
    this.#output.resume();
  }

  writingFailed(error: Error): void {
    this.#output.release();
    this.#transport.failWriting(error);
  }

  connectionLost(error: Error | null): void {
    // Before there was a connection, as below a layer that waits for a header, there is nothing else to end.
    if (this.#inner === null) return this.#transport.getProtocol().connectionLost?.(error);
    this.#output.resume();
    if (error !== null) this.#loseWith(error);
    // Closed from below, in good order only if nothing is lost by that.
    else if (this.#transport.getWriteBufferSize() > 0) this.#transport.abort();
    else if (!this.#isFinishing) this.#transport.close();
  }

  write(bytes: Uint8Array): Promise<number> {
    const isCut = this.#encodedEnd !== null;
    const most = isCut ? Infinity : Math.min(LARGEST_WRITE, this.#cutAt - this.#encoded);
    // The transport above lends its bytes over a plain ArrayBuffer, and only until this resolves.
    const chunk = copyOf(bytes, 0, most);
    if (isCut) return this.#pass(chunk);
    const written = this.#encode(chunk);
    // Right before the transport above takes them off its queue, so that a removal counts no byte twice: what waits
    // for one promise goes on back to back.
    void written.then((n) => this.#count(n));
    return written;
  }

  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#isAllSent = this.#encoded === 0 || this.inner.getWriteBufferSize() === 0;
    await this.#encodeEnd("end");
    this.inner.close();
    const { endedBy, error } = await this.inner.closed;
    if (error !== null) this.#loseWith(error);
    else if (endedBy === "abort") this.#transport.abort();
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.source.abandon();
    this.#onCut?.();
    this.#closeTransform();
    if (endedBy === "abort" || error !== null) this.#inner?.abort(error ?? undefined);
  }

  getExtraInfo(name: string): unknown {
    return this.#transform.getExtraInfo?.(name) ?? this.#inner?.getExtraInfo(name);
  }

  /** Whether the protocol above wants to read, as far as this layer is not told by its transport. */
  get isReadingWanted(): boolean {
    return this.#wish ?? true;
  }

  /** Keeps what the protocol above wants for the transport below, if the layer is just handed over. */
  keepWish(isReading: boolean): boolean {
    if (this.#wish === null) return false;
    this.#wish = isReading;
    return true;
  }

  /**
   * Takes the layer out. Bytes written before are encoded, bytes received before are decoded and delivered
   * before later ones; the transport above passes everything on from then.
   *
   * @returns The transport below.
   * @throws {ConnectionLostError} If the connection ends before that.
   * @throws {InvalidStateError} If the peer has ended its direction, `writeEof()` was called, or the layer was or is being
   * removed.
   */
  async remove(): Promise<Transport> {
    this.#checkRemovable();
    if (this.#cutAt < Infinity) {
      throw new InvalidStateError("Cannot remove layer: it is being removed already");
    }
    this.#cutAt = this.#encoded + this.#transport.getWriteBufferSize();
    if (this.#encoded === this.#cutAt) void this.#encodeEnd("leave");
    else await new Promise<void>((resolve) => this.#onCut = resolve);
    await this.#encodedEnd;
    const left = await this.#transform.leave?.();
    this.#checkRemovable();
    await this.#handOver(left);
    return this.inner;
  }

  /** The transport below is lost. Nothing is, if only the transform's own last words were missing. */
  #loseWith(error: Error): void {
    if (!this.#isAllSent) this.#transport.abort(error);
  }

  #checkRemovable(): void {
    if (this.#transport.isClosing()) {
      throw new ConnectionLostError("Cannot remove layer: the connection is closing");
    }
    if (this.#isReadEnded) {
      throw new InvalidStateError("Cannot remove layer: the peer has ended its direction");
    }
    if (this.#transport.isWritingEnded) {
      throw new InvalidStateError("Cannot remove layer: writeEof() was called");
    }
  }

  async #handOver(left: Bytes | undefined): Promise<void> {
    this.#held = left === undefined ? [] : [left];
    const upper = this.#transport.getProtocol();
    this.#wish = this.#transport.isReading();
    const marks = this.#transport.getWriteBufferLimits();
    this.inner.pauseReading();
    const handover = new LayerHandover(
      this.#transport,
      upper,
      this.#transport.onCallbackError,
    );
    await this.#decoding;
    this.source.end();
    await handover.drained;
    // With reading stopped, two ends that do the same must not wait for each other to read.
    this.#output.release();
    await handover.whenEmpty(() => {
      const isReading = this.#wish;
      this.#wish = null;
      this.#top.inner = this.inner;
      this.#transport.setProtocol({});
      this.inner.setWriteBufferLimits(marks);
      const unread = [...handover.received, ...this.#held ?? []];
      this.inner.setProtocol(upper, unread.length > 0 ? joinBytes(unread) : undefined);
      restack(upper, this.inner);
      takeOff(this.inner, this.#top);
      this.#closeTransform();
      void this.inner.closed.then(({ error }) => this.connectionLost(error));
      if (isReading) this.inner.resumeReading();
      if (!this.#isWriteEnded) handover.tellWriting(isWritingPaused(this.inner));
    });
  }

  #closeTransform(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    callBack(this.#transform, "close", this.#transport.onCallbackError);
  }

  async #encode(chunk: Bytes): Promise<number> {
    if (this.#encodedStart !== null) await this.#encodedStart;
    await this.#output.encode("encode", () => this.#transform.encode(chunk));
    return chunk.length;
  }

  #count(encoded: number): void {
    this.#encoded += encoded;
    if (this.#encoded === this.#cutAt) void this.#encodeEnd("leave");
  }

  /** Sends what comes after the cut as it is, as there is room. */
  async #pass(chunk: Bytes): Promise<number> {
    await this.#encodedEnd;
    await this.#output.encode("encode", () => chunk);
    return chunk.length;
  }

  async #endWriting(): Promise<void> {
    this.#isWriteEnded = true;
    await this.#encodeEnd("end");
    this.inner.writeEof();
  }

  #encodeEnd(why: "end" | "leave"): Promise<void> {
    this.#encodedEnd ??= this.#output.encode("encodeEnd", async () => {
      await this.#encodedStart;
      return await this.#transform.encodeEnd?.(why) ?? [];
    });
    this.#onCut?.();
    return this.#encodedEnd;
  }

  /** The transform threw: reported once; what follows from the end of the connection is not. */
  #fail(callback: string, thrown: unknown): void {
    // After close() the end of the peer does not matter, unless it leaves bytes unsent.
    if (callback === "decodeEnd" && this.#transport.isClosing() && !this.#output.isEncoding) return;
    if (!this.#isClosed) this.#transport.onCallbackError(callback, thrown);
  }
}
