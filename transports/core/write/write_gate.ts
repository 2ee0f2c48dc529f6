import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";

const encoder = new TextEncoder();

/**
 * Holds back the data that is written to a transport while a layer is being put on it: the data
 * belongs above the layer, and would leave as it is. A pause of reading belongs there too: the
 * layer would wait for bytes. The layer itself writes and reads through {@linkcode pass}. The slot
 * of the transport has the gate while it is closed.
 */
export class WriteGate {
  /** Whether the data that is written waits here. */
  readonly isHolding: boolean = true;
  readonly #onHeld: () => void;
  readonly #held: Bytes[] = [];
  #size = 0;
  #hasEof = false;
  #isPassing = false;
  #isReleased = false;
  #isReading = true;
  // Made when it is asked for.
  #opened: PromiseWithResolvers<void> | null = null;

  /** `onHeld` is called each time that something is held back. */
  constructor(onHeld: () => void) {
    this.#onHeld = onHeld;
  }

  /** How much is held back, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Whether the end of the direction is held back. */
  get hasEof(): boolean {
    return this.#hasEof;
  }

  /** Whether {@linkcode release} was called. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Whether the protocol wants to read. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Resolves when the gate holds back, or refuses, nothing any more. */
  get opened(): Promise<void> {
    return (this.#opened ??= Promise.withResolvers()).promise;
  }

  /** The slot has the gate no longer. */
  open(): void {
    this.#opened?.resolve();
  }

  /** Lets through what `call` writes, and how it sets reading. */
  pass<T>(call: () => T): T {
    const wasPassing = this.#isPassing;
    this.#isPassing = true;
    try {
      return call();
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
  hold(pieces: readonly (Uint8Array | string)[]): boolean {
    if (this.#isPassing || this.#isReleased) return false;
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

  /** Takes note of whether to read, unless that is let through. Tells whether it does. */
  holdReading(isReading: boolean): boolean {
    if (!this.#isPassing) this.#isReading = isReading;
    return !this.#isPassing;
  }

  /** Whether the protocol reads, as far as it knows; `null` to whom the gate lets through. */
  get heldReading(): boolean | null {
    return this.#isPassing ? null : this.#isReading;
  }

  /** Returns the data that was held back, and holds back no more. */
  release(): readonly Bytes[] {
    this.#isReleased = true;
    this.#size = 0;
    return this.#held.splice(0);
  }
}

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
    return super.hold([]) && this.#refuse("write");
  }

  override holdEof(): boolean {
    // Refused, it does not count as asked for.
    return super.hold([]) && this.#refuse("end writing");
  }

  override holdReading(): boolean {
    return false;
  }

  override get heldReading(): null {
    return null;
  }

  #refuse(action: string): never {
    throw new InvalidStateError(`Cannot ${action}: ${this.#use}; await that first`);
  }
}
