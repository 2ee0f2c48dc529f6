import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { endsConnection } from "../core/callbacks.ts";
import { nextTurn } from "../core/clock.ts";
import { type ErrorHandler, toError } from "../core/error_report.ts";
import { slotOf, type StackedLayer, type StackSlot } from "../core/stack_slot.ts";
import { isWritingPaused } from "../core/write/writing.ts";
import { endWriting, WriteGate } from "../core/write/write_gate.ts";
import { LivePlaceholder } from "./_live_placeholder.ts";
import { holdDelivery } from "./layer.ts";
import { LayerPassage } from "./layer_passage.ts";

/**
 * Replaces the protocol of a live connection until the layer below it is ready, then puts it back
 * on top. Until then it holds back the data that is written to the transport.
 *
 * ```text
 * before     protocol -> transport
 * comeUp     protocol -> gate (held back)     Insertion -> layer -> passage -> transport
 * ready      protocol -> layer's transport -> layer -> passage -> transport    held data first
 *            protocol -> gate (leads) -> layer's transport
 * leave      protocol -> layer's transport -> layer -> transport
 * ```
 *
 * The layer writes through the {@linkcode LayerPassage}, past the gate. Reading, water marks and
 * the pause of the writer are those that the protocol had before. The caller of `insertLayer` gets
 * the new transport some microtasks after the layer is ready. Until then the gate passes calls on
 * the old transport to the new one.
 */
export class Insertion extends LivePlaceholder {
  readonly #slot: StackSlot;
  // The layer above the new one.
  readonly #above: StackedLayer | null;
  readonly #gated: StackSlot;
  readonly #gate = new WriteGate(() => this.tellWriting(true), () => this.leave());
  readonly #limits: { readonly high: number; readonly low: number };
  #lower: AnyProtocol | null = null;

  /** Begins; `gated` is the slot of the transport that asks for the gate. */
  constructor(transport: Transport, gated: StackSlot, onError: ErrorHandler | undefined) {
    super(transport, endsConnection(transport, onError));
    this.#slot = slotOf(transport);
    this.#above = this.#slot.layer;
    this.#gate.holdReading(transport.isReading());
    this.#limits = transport.getWriteBufferLimits();
    this.#gated = gated;
    // The layer that was put in last is ready, though its caller may not have heard of it.
    gated.gate?.settle();
    this.#gated.close(this.#gate);
  }

  /** Puts the layer in; resolves to the transport on top of it. */
  async comeUp(lower: AnyProtocol, unread: Bytes | undefined): Promise<Transport> {
    this.#lower = lower;
    this.transport.setProtocol(lower, unread && { unread });
    try {
      lower.connectionMade?.(new LayerPassage(this.transport, this.#gate));
    } catch (thrown) {
      // A layer that has come up half way cannot be taken out.
      this.transport.abort(toError(thrown));
      throw thrown;
    }
    // A layer that is not ready waits for bytes. The pause is one of the transport above it.
    if (this.#gate.isHolding) this.#gate.pass(() => this.transport.resumeReading());
    return await this.ready;
  }

  /** Has nothing to do with the transport any more, however it ended. */
  leave(): void {
    if (this.#lower !== null) this.#slot.join(this.#lower, this.transport);
    this.#lower = null;
    this.#gated.open(this.#gate);
  }

  override connectionMade(top: Transport): void {
    // The layer has told its slot, if it is one of ours.
    if (this.#slot.layer === this.#above) this.#slot.put({ transport: top });
    top.setWriteBufferLimits(this.#limits);
    if (!this.#gate.isReading) this.#gate.pass(() => top.pauseReading());
    // The caller gets the transport before the first byte, to answer through it.
    holdDelivery(top, nextTurn());
    const { hasEof } = this.#gate;
    const held = this.#gate.release(top);
    if (held.length > 0) top.writelines(held);
    this.handOver(top);
    slotOf(top).join(this.protocol, top);
    this.tellWriting(isWritingPaused(top));
    if (hasEof) endWriting(top);
  }
}
