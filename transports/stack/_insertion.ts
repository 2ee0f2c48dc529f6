import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { type CallbackErrorSink, endsConnection } from "../core/callbacks.ts";
import { nextTurn } from "../core/clock.ts";
import { type ErrorHandler, toError } from "../core/error_report.ts";
import { Placeholder } from "../core/placeholder.ts";
import { holdDelivery } from "../core/read/hold_delivery.ts";
import { isOnTop, putOnTop } from "../core/stack_top.ts";
import { isWritingPaused } from "../core/write/writing.ts";
import { WriteGate } from "../core/write/write_gate.ts";
import { tellWriting } from "./_layer_handover.ts";
import { gatedTransport } from "./gated_transport.ts";
import { LayerPassage } from "./layer_passage.ts";
import { restack } from "./restack.ts";

/**
 * Replaces the protocol of a live connection until the layer below it is ready, then puts it back
 * on top. Until then it holds back the data that is written to the transport.
 *
 * ```text
 * before     protocol -> transport
 * comeUp     protocol -> gate (held back)     Insertion -> layer -> passage -> transport
 * ready      protocol -> layer's transport -> layer -> transport     held data follows, in order
 * ```
 *
 * The layer writes through the {@linkcode LayerPassage}, past the gate. Reading, water marks and
 * the pause of the writer are those that the protocol had before.
 */
export class Insertion extends Placeholder {
  readonly #transport: Transport;
  readonly #onError: CallbackErrorSink;
  readonly #gate: WriteGate;
  readonly #isReading: boolean;
  readonly #limits: { readonly high: number; readonly low: number };
  #isPaused: boolean;
  #lower: AnyProtocol | null = null;

  constructor(transport: Transport, onError: ErrorHandler | undefined) {
    super(transport.getProtocol());
    this.#transport = transport;
    this.#onError = endsConnection(transport, onError);
    this.#isReading = transport.isReading();
    this.#isPaused = isWritingPaused(transport);
    this.#limits = transport.getWriteBufferLimits();
    this.#gate = new WriteGate(gatedTransport(transport), () => this.#pause());
  }

  /** Puts the layer in; resolves to the transport on top of it. */
  async comeUp(lower: AnyProtocol, unread: Bytes | undefined): Promise<Transport> {
    this.#lower = lower;
    this.#transport.setProtocol(lower, unread && { unread });
    try {
      lower.connectionMade?.(new LayerPassage(this.#transport, this.#gate));
    } catch (thrown) {
      // A layer that has come up half way cannot be taken out.
      this.#transport.abort(toError(thrown));
      throw thrown;
    }
    return await this.ready;
  }

  /** Holds back nothing any more, however it ended. */
  leave(): void {
    this.#gate.open();
  }

  override connectionMade(top: Transport): void {
    if (this.#lower !== null) restack(this.#lower, this.#transport);
    top.setWriteBufferLimits(this.#limits);
    if (!this.#isReading) top.pauseReading();
    // The caller gets the transport before the first byte, to answer through it.
    holdDelivery(top, nextTurn());
    const held = this.#gate.open();
    if (held.length > 0) top.writelines(held);
    this.handOver(top);
    restack(this.protocol, top);
    if (!isOnTop(this.#transport, top)) putOnTop(this.#transport, top);
    tellWriting(this.protocol, this.#isPaused, isWritingPaused(top), this.#onError);
    if (!this.#gate.hasEof) return;
    if (top.canWriteEof()) top.writeEof();
    else top.close();
  }

  /** Bytes that are held back wait for the layer, so the writer waits for it as well. */
  #pause(): void {
    tellWriting(this.protocol, this.#isPaused, true, this.#onError);
    this.#isPaused = true;
  }
}
