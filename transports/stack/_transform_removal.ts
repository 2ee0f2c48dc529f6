import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { callBack } from "../core/callbacks.ts";
import type { Connection } from "../core/connection.ts";
import { slotOf } from "../core/stack_slot.ts";
import type { TransportWrapper } from "../core/transport_wrapper.ts";
import { isWritingEnded, isWritingPaused } from "../core/write/writing.ts";
import { LayerHandover } from "./_layer_handover.ts";
import { settle } from "./layer_passage.ts";
import type { TransformInput } from "./_transform_input.ts";
import type { TransformOutput } from "./_transform_output.ts";
import type { ByteTransform } from "./byte_transform.ts";

/** A transform in a live connection, as its removal sees it. */
export interface RemovableTransform {
  /** The transport below. */
  readonly inner: Transport;
  /** The connection above, without what {@linkcode top} adds. */
  readonly connection: Connection;
  /** The transport that the protocol above has. */
  readonly top: TransportWrapper;
  readonly transform: ByteTransform;
  readonly input: TransformInput;
  readonly output: TransformOutput;
  /** Sends the last words of the transform. */
  encodeEnd(why: "leave"): Promise<void>;
  /** The transport below is lost. */
  connectionLost(error: Error | null): void;
}

/**
 * Where the removal of a transform is.
 *
 * ```text
 *        ask           cut           left             done
 *  none ----> cutting ----> leaving ----> handingOver ----> gone
 *    |           |             |               |
 *    +-----------+-----end-----+---------------+----------> ended
 * ```
 *
 * - `none`: it was not asked for.
 * - `cutting`: bytes written before are being encoded.
 * - `leaving`: the transform says its last words. Bytes written now are passed on as they are.
 * - `handingOver`: decoded bytes are being delivered. Bytes that arrive now are kept as they are.
 * - `gone`: the transport above forwards to the one below.
 * - `ended`: the connection ended before that.
 */
type RemovalPhase = "none" | "cutting" | "leaving" | "handingOver" | "gone" | "ended";

/** An event that moves a removal from one {@linkcode RemovalPhase} to the next. */
type RemovalEvent = "ask" | "cut" | "left" | "done" | "end";

/** The phase that each event leads to. Other events change nothing. */
const TRANSITIONS: Record<RemovalPhase, Partial<Record<RemovalEvent, RemovalPhase>>> = {
  none: { ask: "cutting", end: "ended" },
  cutting: { cut: "leaving", end: "ended" },
  leaving: { left: "handingOver", end: "ended" },
  handingOver: { done: "gone", end: "ended" },
  gone: {},
  ended: {},
};

/** Takes a transform out of a live connection: its state, and its steps in their order. */
export class TransformRemoval {
  readonly #layer: RemovableTransform;
  #phase: RemovalPhase = "none";
  #encoded = 0;
  #cutAt = Infinity;
  #cut: PromiseWithResolvers<void> | null = null;
  // Bytes that arrived while the layer was handed over, for the protocol above.
  readonly #held: Bytes[] = [];
  /** Whether the protocol above wants to read, while the layer is handed over. */
  wantsReading = true;

  /** Begins with {@linkcode run}. */
  constructor(layer: RemovableTransform) {
    this.#layer = layer;
  }

  /** Whether what arrives is for {@linkcode keep}. */
  get isHandingOver(): boolean {
    return this.#phase === "handingOver";
  }

  /** Whether the transform is used no more. */
  get isOver(): boolean {
    return this.#phase === "gone" || this.#phase === "ended";
  }

  /** How many bytes were encoded. */
  get encoded(): number {
    return this.#encoded;
  }

  /** How many more bytes are encoded before the cut. */
  get beforeCut(): number {
    return this.#cutAt - this.#encoded;
  }

  /** So many more bytes were encoded. */
  count(encoded: number): void {
    this.#encoded += encoded;
    if (this.beforeCut === 0) void this.#layer.encodeEnd("leave");
  }

  /** No more is encoded: the removal goes on, if there is one. */
  cut(): void {
    this.#advance("cut");
    this.#cut?.resolve();
  }

  /** Keeps bytes that arrive, for the protocol above. */
  keep(bytes: Bytes): void {
    this.#held.push(bytes);
  }

  /** The connection has ended. */
  end(): void {
    this.#advance("end");
    this.#cut?.resolve();
  }

  /**
   * Takes the layer out. Bytes written before are encoded, bytes received before are decoded and
   * delivered before later ones; the transport above passes everything on from then.
   *
   * @returns The transport below.
   * @throws {ConnectionLostError} If the connection ends before that.
   * @throws {InvalidStateError} If a direction has ended, or the layer was or is being removed.
   */
  async run(): Promise<Transport> {
    const { connection: { transport }, output, transform } = this.#layer;
    settle(this.#layer.inner);
    this.#check(transport);
    if (this.#phase !== "none" && this.#phase !== "ended") {
      throw new InvalidStateError("Cannot remove layer: it is being removed already");
    }
    await this.#cutAfter(transport.getWriteBufferSize());
    await output.ended();
    const rest = await transform.leave?.();
    this.#check(transport);
    if (rest !== undefined) this.keep(rest);
    this.wantsReading = transport.isReading();
    this.#advance("left");
    await this.#handOver(transport);
    return this.#layer.inner;
  }

  /** Encodes so many more bytes. Resolves when the transform says its last words. */
  #cutAfter(bytes: number): Promise<void> {
    this.#advance("ask");
    this.#cutAt = this.#encoded + bytes;
    this.#cut = Promise.withResolvers();
    if (bytes === 0) void this.#layer.encodeEnd("leave");
    return this.#cut.promise;
  }

  /** Delivers what is decoded, sends what is queued, then joins what is above to what is below. */
  async #handOver(transport: Transport): Promise<void> {
    const { inner, input, output, connection } = this.#layer;
    inner.pauseReading();
    const marks = transport.getWriteBufferLimits();
    const handover = new LayerHandover(transport, connection.onCallbackError);
    await input.decoded();
    input.source.end();
    await handover.drained;
    // With reading stopped, two ends that do the same must not wait for each other to read.
    output.release();
    await handover.whenEmpty(() => {
      this.#layer.inner.setWriteBufferLimits(marks);
      this.#join(transport, handover);
    });
  }

  /** Joins what is above to what is below; the top forwards from now on. */
  #join(transport: Transport, handover: LayerHandover): void {
    const { inner, top, connection, transform } = this.#layer;
    this.#advance("done");
    top.inner = inner;
    transport.setProtocol({});
    handover.moveTo(inner, this.#held);
    slotOf(inner).take(handover.protocol, inner);
    callBack(transform, "close", connection.onCallbackError);
    void inner.closed.then(({ error }) => this.#layer.connectionLost(error));
    if (this.wantsReading) inner.resumeReading();
    if (!isWritingEnded(transport)) handover.tellWriting(isWritingPaused(inner));
  }

  #check(transport: Transport): void {
    if (transport.isClosing()) {
      throw new ConnectionLostError("Cannot remove layer: the connection is closing");
    }
    if (this.#layer.input.isEnded) {
      throw new InvalidStateError("Cannot remove layer: the peer has ended its direction");
    }
    if (isWritingEnded(transport)) {
      throw new InvalidStateError("Cannot remove layer: writeEof() was called");
    }
  }

  #advance(event: RemovalEvent): void {
    this.#phase = TRANSITIONS[this.#phase][event] ?? this.#phase;
  }
}
