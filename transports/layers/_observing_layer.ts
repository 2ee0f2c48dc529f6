import type { WriteOptions } from "../../protocols/contract.ts";
import { toBytes, toPieces } from "../core/write/to_bytes.ts";
import { Layer } from "../stack/layer.ts";

/** A layer that looks at what passes and keeps none of it: chunks may be lent to those above. */
export class ObservingLayer extends Layer {
  /** As the protocol above. */
  override get borrowsChunks(): boolean {
    return this.isBorrowedAbove;
  }

  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    const bytes = toBytes(data);
    if (!this.isClosing()) this.onWrite([bytes]);
    return super.write(bytes, options);
  }

  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    const pieces = toPieces(parts, options);
    if (!this.isClosing()) this.onWrite(pieces);
    return super.writelines(pieces, options);
  }

  /** Looks at what is about to be written. */
  protected onWrite(_pieces: readonly Uint8Array[]): void {}
}
