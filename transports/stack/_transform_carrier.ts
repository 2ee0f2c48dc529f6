import type { ExtraInfo } from "../../protocols/facts/extra_info.ts";
import { Placeholder } from "../core/placeholder.ts";
import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { callBack, type CallbackErrorSink } from "../core/callbacks.ts";
import { canReset, toAbort } from "../core/ending/abort_options.ts";
import type { Carrier, CarrierOutcome } from "../core/carrier.ts";
import { CarrierTransport } from "../core/carrier_transport.ts";
import { Connection } from "../core/connection.ts";
import { keepable } from "../core/memory/loan.ts";
import type { ChunkQueue } from "../core/read/chunk_queue.ts";
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import type { ByteTransform } from "./byte_transform.ts";
import { DEFAULT_MAX_WRITE_BUFFER, type TransportOptions } from "../core/transport_options.ts";
import { slotOf } from "../core/stack_slot.ts";
import { TransformInput } from "./_transform_input.ts";
import { TransformOutput } from "./_transform_output.ts";
import { type RemovableTransform, TransformRemoval } from "./_transform_removal.ts";
import { TransformTop } from "./_transform_top.ts";
import { DEFAULT_HIGH_WATER } from "../core/write/water_marks.ts";
import { sentQueueOf } from "../core/write/writing.ts";

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
export class TransformCarrier implements Carrier, ProtocolCallbacks, RemovableTransform {
  closeWrite?: () => Promise<void>;
  readonly transform: ByteTransform;
  readonly connection: Connection;
  readonly top: TransformTop;
  readonly #options: TransportOptions;
  readonly #removal: TransformRemoval = new TransformRemoval(this);

  /** The transform threw: reported once; what follows from the end of the connection is not. */
  readonly #fail: CallbackErrorSink = (callback, thrown) => {
    // After close() it does not matter how the peer ends, unless that leaves something unsent.
    if (callback === "decodeEnd" && this.#transport.isClosing() && !this.output.isEncoding) return;
    if (!this.#removal.isOver) this.connection.onCallbackError(callback, thrown);
  };

  readonly input: TransformInput = new TransformInput(this.#fail);
  readonly output: TransformOutput = new TransformOutput(
    (piece) => void this.inner.write(piece),
    this.#fail,
  );
  #inner: Transport | null = null;
  // Since close(): whether everything that was written had left by then.
  #finishing: "unsent" | "sent" | null = null;

  /** Is the protocol below `upper`; the transport below comes with `connectionMade`. */
  constructor(transform: ByteTransform, upper: AnyProtocol, options: TransportOptions) {
    this.transform = transform;
    this.#options = options;
    this.top = new TransformTop(this.#removal, () => this.source.abandon());
    this.connection = new Connection(this, new Placeholder(upper, this.top), options);
    this.top.inner = new CarrierTransport(this.connection);
  }

  get source(): ChunkQueue {
    return this.input.source;
  }

  /** The transport above, without what the top adds. */
  get #transport(): Transport {
    return this.connection.transport;
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
    slotOf(transport).put({ transport: this.top, protocol: this });
    if (transport.canWriteEof()) {
      this.closeWrite = () => this.encodeEnd("end").then(() => this.inner.writeEof());
    }
    const { encodeStart } = this.transform;
    if (encodeStart !== undefined) this.output.start(() => encodeStart.call(this.transform));
    this.connection.start();
    // A pause from before the layer was put in belongs to the top from now on.
    transport.resumeReading();
  }

  get borrowsChunks(): boolean {
    return this.transform.borrowsChunks === true;
  }

  dataReceived(chunk: Bytes): void | Promise<void> {
    if (this.#removal.isHandingOver) this.#removal.keep(keepable(chunk));
    else return this.input.decode("decode", () => this.transform.decode(chunk));
  }

  eofReceived(): boolean {
    this.input.end(() => this.transform.decodeEnd?.() ?? []);
    return true;
  }

  pauseWriting(): void {
    this.output.pause();
  }

  resumeWriting(): void {
    this.output.resume();
  }

  writingFailed(error: Error): void {
    this.output.release();
    this.connection.onWriteError(error);
  }

  connectionLost(error: Error | null): void {
    // Before there was a connection, as below a layer that waits for a header, nothing else ends.
    if (this.#inner === null) return this.#transport.getProtocol().connectionLost?.(error);
    this.output.resume();
    if (error !== null) this.#loseWith(error);
    // Closed from below, in good order only if nothing is lost by that.
    else if (this.#transport.getWriteBufferSize() > 0) this.#transport.abort();
    else if (this.#finishing === null) this.#transport.close();
  }

  write(bytes: Uint8Array): Promise<number> {
    const isCut = this.output.isEnded;
    // The transport above lends its bytes over a plain ArrayBuffer, and only until this resolves.
    const chunk = copyOf(bytes, 0, isCut ? Infinity : Math.min(MAX_WRITE, this.#removal.beforeCut));
    const written = this.#whenLeft(
      isCut ? this.output.pass(chunk) : this.output.encode(() => this.transform.encode(chunk)),
      chunk,
    );
    // Right before the transport above takes them off its queue, so that a removal counts no byte
    // twice: what waits for one promise goes on back to back.
    if (!isCut) void written.then((n) => this.#removal.count(n));
    return written;
  }

  async finish(): Promise<void> {
    const isAllSent = this.#removal.encoded === 0 || this.inner.getWriteBufferSize() === 0;
    this.#finishing = isAllSent ? "sent" : "unsent";
    await this.encodeEnd("end");
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
    if (!this.#removal.isOver) callBack(this.transform, "close", this.connection.onCallbackError);
    this.#removal.end();
    if (endedBy === "abort" || error !== null) this.#inner?.abort(toAbort(outcome));
  }

  getExtraInfo(name: string): unknown {
    // A name that is not known has no value anywhere.
    const known = name as keyof ExtraInfo;
    return this.transform.getExtraInfo?.(name) ?? this.#inner?.getExtraInfo(known);
  }

  /**
   * The transport below is lost. Nothing else is, if only the last words of the transform are
   * missing.
   */
  #loseWith(error: Error): void {
    if (this.#finishing !== "sent") this.#transport.abort(error);
  }

  /** All that was written is sent only when it has left the transport below too. */
  async #whenLeft(encoded: Promise<void>, chunk: Bytes): Promise<number> {
    await encoded;
    const queue = this.connection.outbound.size <= chunk.length && sentQueueOf(this.inner);
    if (queue) await this.output.wait(queue);
    return chunk.length;
  }

  /** Sends the last words of the transform, once. */
  encodeEnd(why: "end" | "leave"): Promise<void> {
    const ended = this.output.end(() => this.transform.encodeEnd?.(why) ?? []);
    this.#removal.cut();
    return ended;
  }
}
