import type { Transport, WriteOptions } from "../../protocols/contract.ts";
import { shareSlot, slotOf } from "../core/stack_slot.ts";
import { TransportWrapper } from "../core/transport_wrapper.ts";
import type { WriteGate } from "../core/write/write_gate.ts";

/** The transport that a layer writes to while it is put on one that holds back all other writes. */
export class LayerPassage extends TransportWrapper {
  readonly #gate: WriteGate;

  /** Leads through the gate to the transport. */
  constructor(transport: Transport, gate: WriteGate) {
    super(transport);
    shareSlot(this, slotOf(transport));
    this.#gate = gate;
  }

  /** Ends what is left of the insertion, if the layer is ready. */
  settle(): void {
    this.#gate.settle();
  }

  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    return this.#gate.pass(() => super.write(data, options));
  }

  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    return this.#gate.pass(() => super.writelines(parts, options));
  }

  override writeEof(): void {
    this.#gate.pass(() => super.writeEof());
  }

  override pauseReading(): void {
    this.#gate.pass(() => super.pauseReading());
  }

  override resumeReading(): void {
    this.#gate.pass(() => super.resumeReading());
  }

  override isReading(): boolean {
    return this.#gate.pass(() => super.isReading());
  }

  /** Without the bytes that are held back, which wait for the layer and not for the transport. */
  override getWriteBufferSize(): number {
    return super.getWriteBufferSize() - this.#gate.size;
  }
}

/** Ends what is left of the insertion of the layer over a transport. */
export function settle(transport: Transport): void {
  if (transport instanceof LayerPassage) transport.settle();
}
