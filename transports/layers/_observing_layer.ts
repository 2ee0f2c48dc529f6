import { Layer } from "../stack/layer.ts";

/** A layer that looks at what passes and keeps none of it: chunks may be lent to those above. */
export class ObservingLayer extends Layer {
  /** As the protocol above. */
  override get borrowsChunks(): boolean {
    return this.isBorrowedAbove;
  }
}
