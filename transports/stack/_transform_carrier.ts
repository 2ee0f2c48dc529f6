import type { ExtraInfo } from "../../protocols/facts/extra_info.ts";
import { Placeholder } from "../core/placeholder.ts";
import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { callBack } from "../core/callbacks.ts";
import { canReset, toAbort } from "../core/ending/abort_options.ts";
import type { Carrier, CarrierOutcome } from "../core/carrier.ts";
import { CarrierTransport } from "../core/carrier_transport.ts";
import { Connection } from "../core/connection.ts";
import { keepable } from "../core/memory/loan.ts";
import type { ChunkQueue } from "../core/read/chunk_queue.ts";
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import { isWritingEnded, isWritingPaused } from "../core/write/writing.ts";
import { checkRemovable, LayerHandover } from "./_layer_handover.ts";
import { markStacked } from "./restack.ts";
import type { ByteTransform } from "./byte_transform.ts";
import { DEFAULT_MAX_WRITE_BUFFER, type TransportOptions } from "../core/transport_options.ts";
import { putOnTop, takeOff } from "../core/stack_top.ts";
import { TransformInput } from "./_transform_input.ts";
import { TransformOutput } from "./_transform_output.ts";
import { TransformRemoval } from "./_transform_removal.ts";
import { type TransformedLayer, TransformTop } from "./_transform_top.ts";
import { DEFAULT_HIGH_WATER } from "../core/write/water_marks.ts";

/** The most that is encoded at a time, in bytes: bounds what a transform makes of it. */
const MAX_WRITE = 131_072;

/**
 * A {@linkcode ByteTransform} at work: to the transport below a protocol, to the transport above
 * what carries its bytes.
 *
 * ```text
 * write -> queue of the top -> encode -> inner.write       and waits while inner is full
 * inner -> dataReceived -> decode -> queue -> pump of the top -> protocol above
 * ```
 *
 * The protocol above has a {@linkcode TransformTop}, so that the layer can be taken out below it:
 * {@linkcode TransformRemoval} is the state of that.
 */
export class TransformCarrier implements Carrier, ProtocolCallbacks, TransformedLayer {
  closeWrite?: () => Promise<void>;
  readonly #transform: ByteTransform;
  readonly #options: TransportOptions;
  readonly #connection: Connection;
  readonly #top: TransformTop;
  readonly #removal = new TransformRemoval();
  readonly #input = new TransformInput((callback, thrown) => this.#fail(callback, thrown));
  readonly #output = new TransformOutput(
    (piece) => void this.inner.write(piece),
    (callback, thrown) => this.#fail(callback, thrown),
  );
  #inner: Transport | null = null;
  #encoded = 0;
  // Since close(): whether everything that was written had left by then.
  #finishing: "unsent" | "sent" | null = null;

  /** Is the protocol below `upper`; the transport below comes with `connectionMade`. */
  constructor(transform: ByteTransform, upper: AnyProtocol, options: TransportOptions) {
    this.#transform = transform;
    this.#options = options;
    this.#top = new TransformTop(this, this.#removal, () => this.source.abandon());
    this.#connection = new Connection(this, new Placeholder(upper, this.#top), options);
    this.#top.inner = new CarrierTransport(this.#connection);
    markStacked(this);
  }

  get source(): ChunkQueue {
    return this.#input.source;
  }

  /** The transport above, without what the top adds. */
  get #transport(): Transport {
    return this.#connection.transport;
  }

  /** The transport below. Its water marks are set by this layer. */
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
    if (transport.canWriteEof()) {
      this.closeWrite = () => this.#encodeEnd("end").then(() => this.inner.writeEof());
    }
    const { encodeStart } = this.#transform;
    if (encodeStart !== undefined) this.#output.start(() => encodeStart.call(this.#transform));
    this.#connection.start();
    // A pause from before the layer was put in belongs to the top from now on.
    transport.resumeReading();
  }

  get borrowsChunks(): boolean {
    return this.#transform.borrowsChunks === true;
  }

  dataReceived(chunk: Bytes): void | Promise<void> {
    if (this.#removal.isHandingOver) this.#removal.held.push(keepable(chunk));
    else return this.#input.decode("decode", () => this.#transform.decode(chunk));
  }

  eofReceived(): boolean {
    this.#input.end(() => this.#transform.decodeEnd?.() ?? []);
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
    this.#connection.onWriteError(error);
  }

  connectionLost(error: Error | null): void {
    // Before there was a connection, as below a layer that waits for a header, nothing else ends.
    if (this.#inner === null) return this.#transport.getProtocol().connectionLost?.(error);
    this.#output.resume();
    if (error !== null) this.#loseWith(error);
    // Closed from below, in good order only if nothing is lost by that.
    else if (this.#transport.getWriteBufferSize() > 0) this.#transport.abort();
    else if (this.#finishing === null) this.#transport.close();
  }

  write(bytes: Uint8Array): Promise<number> {
    const isCut = this.#output.isEnded;
    const beforeCut = this.#removal.bytesBeforeCut(this.#encoded);
    // The transport above lends its bytes over a plain ArrayBuffer, and only until this resolves.
    const chunk = copyOf(bytes, 0, isCut ? Infinity : Math.min(MAX_WRITE, beforeCut));
    const written = lengthOnce(
      isCut ? this.#output.pass(chunk) : this.#output.encode(() => this.#transform.encode(chunk)),
      chunk,
    );
    // Right before the transport above takes them off its queue, so that a removal counts no byte
    // twice: what waits for one promise goes on back to back.
    if (!isCut) void written.then((n) => this.#count(n));
    return written;
  }

  async finish(): Promise<void> {
    const isAllSent = this.#encoded === 0 || this.inner.getWriteBufferSize() === 0;
    this.#finishing = isAllSent ? "sent" : "unsent";
    await this.#encodeEnd("end");
    this.inner.close();
    const { endedBy, error } = await this.inner.closed;
    if (error !== null) this.#loseWith(error);
    else if (endedBy === "abort") this.#transport.abort();
  }

  get canReset(): boolean {
    return this.#inner !== null && canReset(this.#inner);
  }

  close(outcome: CarrierOutcome): void {
    const { endedBy, error } = outcome;
    this.source.abandon();
    if (!this.#removal.isOver) callBack(this.#transform, "close", this.#connection.onCallbackError);
    this.#removal.end();
    if (endedBy === "abort" || error !== null) this.#inner?.abort(toAbort(outcome));
  }

  getExtraInfo(name: string): unknown {
    // A name that is not known has no value anywhere.
    const known = name as keyof ExtraInfo;
    return this.#transform.getExtraInfo?.(name) ?? this.#inner?.getExtraInfo(known);
  }

  /**
   * Takes the layer out. Bytes written before are encoded, bytes received before are decoded and
   * delivered before later ones; the transport above passes everything on from then.
   *
   * @returns The transport below.
   * @throws {ConnectionLostError} If the connection ends before that.
   * @throws {InvalidStateError} If a direction has ended, or the layer was or is being removed.
   */
  async remove(): Promise<Transport> {
    checkRemovable(this.#transport, this.#input.isEnded);
    if (this.#removal.isAsked) {
      throw new InvalidStateError("Cannot remove layer: it is being removed already");
    }
    const cutAt = this.#encoded + this.#transport.getWriteBufferSize();
    const cut = this.#removal.ask(cutAt);
    if (this.#encoded === cutAt) void this.#encodeEnd("leave");
    await cut;
    await this.#output.ended();
    const rest = await this.#transform.leave?.();
    checkRemovable(this.#transport, this.#input.isEnded);
    this.#removal.left(rest, this.#transport.isReading());
    await this.#handOver();
    return this.inner;
  }

  /**
   * The transport below is lost. Nothing else is, if only the last words of the transform are
   * missing.
   */
  #loseWith(error: Error): void {
    if (this.#finishing !== "sent") this.#transport.abort(error);
  }

  /** Delivers what is decoded, sends what is queued, then joins what is above to what is below. */
  async #handOver(): Promise<void> {
    this.inner.pauseReading();
    const marks = this.#transport.getWriteBufferLimits();
    const handover = new LayerHandover(this.#transport, this.#connection.onCallbackError);
    await this.#input.decoded();
    this.source.end();
    await handover.drained;
    // With reading stopped, two ends that do the same must not wait for each other to read.
    this.#output.release();
    await handover.whenEmpty(() => {
      this.inner.setWriteBufferLimits(marks);
      this.#join(handover);
    });
  }

  /** Joins what is above to what is below; the top forwards from now on. */
  #join(handover: LayerHandover): void {
    const { inner } = this;
    this.#removal.done();
    this.#top.inner = inner;
    this.#transport.setProtocol({});
    handover.moveTo(inner, this.#removal.held);
    takeOff(inner, this.#top);
    callBack(this.#transform, "close", this.#connection.onCallbackError);
    void inner.closed.then(({ error }) => this.connectionLost(error));
    if (this.#removal.wantsReading) inner.resumeReading();
    if (!isWritingEnded(this.#transport)) handover.tellWriting(isWritingPaused(inner));
  }

  #count(encoded: number): void {
    this.#encoded += encoded;
    if (this.#removal.bytesBeforeCut(this.#encoded) === 0) void this.#encodeEnd("leave");
  }

  #encodeEnd(why: "end" | "leave"): Promise<void> {
    const ended = this.#output.end(() => this.#transform.encodeEnd?.(why) ?? []);
    this.#removal.cut();
    return ended;
  }

  /** The transform threw: reported once; what follows from the end of the connection is not. */
  #fail(callback: string, thrown: unknown): void {
    // After close() it does not matter how the peer ends, unless that leaves something unsent.
    if (callback === "decodeEnd" && this.#transport.isClosing() && !this.#output.isEncoding) return;
    if (!this.#removal.isOver) this.#connection.onCallbackError(callback, thrown);
  }
}

async function lengthOnce(sent: Promise<void>, chunk: Bytes): Promise<number> {
  await sent;
  return chunk.length;
}
