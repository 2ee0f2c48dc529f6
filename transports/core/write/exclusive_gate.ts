import { InvalidStateError } from "../../../protocols/errors.ts";
import { WriteGate } from "./write_gate.ts";

/** Refuses what is written to a transport, other than by {@linkcode WriteGate.pass}. */
export class ExclusiveGate extends WriteGate {
  readonly #use: string;

  /** Nothing is held back: those who wait for sent bytes need not wait for this. */
  override readonly isHolding: boolean = false;

  /** `use` says what has the transport for itself, in an error: "a file is being sent". */
  constructor(use: string) {
    super(() => {});
    this.#use = use;
  }

  override hold(): boolean {
    return super.hold() && this.#refuse("write");
  }

  override holdEof(): boolean {
    // Refused, it does not count as asked for.
    return super.hold() && this.#refuse("end writing");
  }

  #refuse(action: string): never {
    throw new InvalidStateError(`Cannot ${action}: ${this.#use}; await that first`);
  }
}
