import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import type { WriteGate } from "./write/write_gate.ts";

/** A layer in the stack over a connection. */
export interface StackedLayer {
  /** The transport that it is to the protocol above. */
  readonly transport: Transport;
  /** The protocol that it is to the transport below, if it can be given another one. */
  readonly protocol?: AnyProtocol & { inner: Transport };
}

/**
 * The place right above one transport of a connection: the layer that is there, and the gate that
 * is closed while one is being put there.
 *
 * ```text
 * transport -> slot -> layer's transport -> slot -> layer's transport, the top -> empty slot
 *
 * put     a layer has come up: it takes the slot, and what was there goes to the slot above it
 * take    a layer is taken out: what is above it comes down
 * join    the layer in the slot is given the transport below it, once that has changed
 * ```
 */
export class StackSlot {
  #layer: StackedLayer | null = null;
  #gate: WriteGate | null = null;

  /** The layer here. */
  get layer(): StackedLayer | null {
    return this.#layer;
  }

  /** The gate that holds back writes to the transport. */
  get gate(): WriteGate | null {
    return this.#gate;
  }

  /** A layer has come up here. */
  put(layer: StackedLayer): void {
    if (this.#layer !== null) slotOf(layer.transport).#layer = this.#layer;
    this.#layer = layer;
  }

  /** The layer here is out. Its `upper` protocol has the transport `lower` now. */
  take(upper: AnyProtocol, lower: Transport): void {
    const left = this.#layer && slotOf(this.#layer.transport);
    this.#layer = left?.layer ?? null;
    if (left) left.#layer = null;
    this.join(upper, lower);
  }

  /** Has `protocol` write to `transport` from now on, if it is the layer here. */
  join(protocol: AnyProtocol, transport: Transport): void {
    const layer = this.#layer?.protocol;
    if (layer === protocol) layer.inner = transport;
  }

  /**
   * Has a gate hold back what is written to the transport.
   *
   * @throws {InvalidStateError} If another one does.
   */
  close(gate: WriteGate): void {
    if (this.#gate !== null) {
      throw new InvalidStateError(
        "Cannot take over writes: a layer is being inserted, or a file is being sent",
      );
    }
    this.#gate = gate;
    gates++;
  }

  /** Ends {@linkcode close} for a gate, once. */
  open(gate: WriteGate): void {
    if (this.#gate !== gate) return;
    this.#gate = null;
    gates--;
    gate.open();
  }
}

const slots = new WeakMap<Transport, StackSlot>();
/** How many slots have a gate: mostly none, and then a write looks for none. */
let gates = 0;

/** The slot above a transport. */
export function slotOf(transport: Transport): StackSlot {
  const slot = slots.get(transport) ?? new StackSlot();
  shareSlot(transport, slot);
  return slot;
}

/** Makes a slot that of a transport, such as one that leads to the transport that has it. */
export function shareSlot(transport: Transport, slot: StackSlot): void {
  slots.set(transport, slot);
}

/** The gate of a transport, while it has one. */
export function gateOf(transport: Transport): WriteGate | null {
  return gates === 0 ? null : slots.get(transport)?.gate ?? null;
}

/** The transport on top of all layers over a transport: itself if there are none. */
export function topOf(transport: Transport): Transport {
  let top = transport;
  for (let slot = slots.get(top); slot?.layer; slot = slots.get(top)) top = slot.layer.transport;
  return top;
}
