import { TransportWrapper } from "../core/transport_wrapper.ts";
import type { TransformRemoval } from "./_transform_removal.ts";

/**
 * The transport that the protocol above a transform has. Once the layer is taken out, it forwards
 * to the transport below.
 */
export class TransformTop extends TransportWrapper {
  /** Takes the layer right below out. */
  readonly removal: TransformRemoval;
  readonly #onClose: () => void;

  /** Tells `onClose` that what still arrives is not wanted. */
  constructor(removal: TransformRemoval, onClose: () => void) {
    super();
    this.removal = removal;
    this.#onClose = onClose;
  }

  /**
   * Arriving bytes are not delivered any more, but the transform may need them to go on with
   * sending.
   */
  override close(): void {
    super.close();
    this.#onClose();
  }

  override pauseReading(): void {
    // While it is handed over, the layer reads for itself.
    if (this.removal.isHandingOver) this.removal.wantsReading = false;
    else super.pauseReading();
  }

  override resumeReading(): void {
    if (this.removal.isHandingOver) this.removal.wantsReading = true;
    else super.resumeReading();
  }

  override isReading(): boolean {
    const isWanted = !this.removal.isHandingOver || this.removal.wantsReading;
    return super.isReading() && isWanted;
  }
}
