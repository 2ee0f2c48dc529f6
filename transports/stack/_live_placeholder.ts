import type { Transport } from "../../protocols/contract.ts";
import { peerName } from "../core/addresses.ts";
import { callBack, type CallbackErrorSink } from "../core/callbacks.ts";
import { Placeholder } from "../core/placeholder.ts";
import { isWritingPaused } from "../core/write/writing.ts";

/**
 * Takes the place of the protocol of a live transport, and tells it whether to write while it is
 * not there.
 */
export class LivePlaceholder extends Placeholder {
  /** The transport that drives the protocol until then. */
  protected readonly transport: Transport;
  readonly #onError: CallbackErrorSink;
  // Whether the protocol was paused last.
  #isPaused: boolean;

  /** Takes the place of the protocol of `transport`. Its exceptions go to `onError`. */
  constructor(transport: Transport, onError: CallbackErrorSink) {
    super(transport.getProtocol());
    this.transport = transport;
    this.#onError = onError;
    this.#isPaused = isWritingPaused(transport);
  }

  protected override get peer(): string {
    return peerName(this.transport);
  }

  /** Tells the protocol whether to write, if that has changed for it. */
  tellWriting(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    callBack(this.protocol, isPaused ? "pauseWriting" : "resumeWriting", this.#onError);
  }
}
