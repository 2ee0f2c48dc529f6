import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";

const encoder = new TextEncoder();
const gates = new WeakMap<Transport, WriteGate>();
/** How many transports have a gate: mostly none, and then a write looks for none. */
let count = 0;

/** The gate of a transport, while it has one. */
export function gateOf(transport: Transport): WriteGate | undefined {
  return count === 0 ? undefined : gates.get(transport);
}

/**
 * Holds back the data that is written to a transport while a layer is being put on it: the data
 * belongs above the layer, and would leave as it is. The layer itself writes
 * through {@linkcode pass}.
 */
export class WriteGate {
  /** Whether the data that is written waits here. */
  readonly isHolding: boolean = true;
  readonly #transport: Transport;
  readonly #onHeld: () => void;
  readonly #held: Bytes[] = [];
  #size = 0;
  #hasEof = false;
  #isPassing = false;

  /**
   * Closes the way to a transport.
   *
   * @param transport The transport, which asks {@linkcode gateOf} in each write.
   * @param onHeld Called each time that something is held back.
   * @throws {InvalidStateError} If it has a gate.
   */
  constructor(transport: Transport, onHeld: () => void) {
    if (gates.has(transport)) {
      throw new InvalidStateError(
        "Cannot take over writes: a layer is being inserted, or a file is being sent",
      );
    }
    this.#transport = transport;
    this.#onHeld = onHeld;
    gates.set(transport, this);
    count++;
  }

  /** How much is held back, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Whether the end of the direction is held back. */
  get hasEof(): boolean {
    return this.#hasEof;
  }

  /** Lets through what `write` writes. */
  pass<T>(write: () => T): T {
    const wasPassing = this.#isPassing;
    this.#isPassing = true;
    try {
      return write();
    } finally {
      this.#isPassing = wasPassing;
    }
  }

  /**
   * Holds back copies of some pieces, unless they are let through.
   *
   * @returns Whether they are held back.
   * @throws {InvalidStateError} After {@linkcode holdEof}.
   */
  hold(...pieces: readonly (Uint8Array | string)[]): boolean {
    if (this.#isPassing) return false;
    if (this.#hasEof) throw new InvalidStateError("Cannot write: writeEof() was called");
    for (const piece of pieces) {
      const copy = typeof piece === "string" ? encoder.encode(piece) : copyOf(piece);
      this.#held.push(copy);
      this.#size += copy.length;
    }
    this.#onHeld();
    return true;
  }

  /** Holds back the end of the direction, unless that is let through. Tells whether it does. */
  holdEof(): boolean {
    if (!this.#isPassing) this.#hasEof = true;
    return !this.#isPassing;
  }

  /** Opens the way for good. Returns what was held back. */
  open(): readonly Bytes[] {
    if (gates.delete(this.#transport)) count--;
    this.#size = 0;
    return this.#held.splice(0);
  }
}
