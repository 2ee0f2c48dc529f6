import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { Transport, WriteOptions } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { checkData, discard, takeOver, transfers } from "./to_bytes.ts";

const encoder = new TextEncoder();

/**
 * Holds back the data that is written to a transport while a layer is being put on it: the data
 * belongs above the layer, and would leave as it is. A pause of reading belongs there too: the
 * layer would wait for bytes. The layer itself writes and reads through {@linkcode pass}. The slot
 * of the transport has the gate while it is closed.
 *
 * ```text
 * holding    release -> leading   the layer is ready: calls go to the transport on top of it
 * leading    settle -> open       the program has that transport, or puts in the next layer
 * ```
 */
export class WriteGate {
  readonly #onHeld: () => void;
  readonly #onSettled: () => void;
  readonly #held: Bytes[] = [];
  #size = 0;
  #hasEof = false;
  #isPassing = false;
  #isReading = true;
  // The transport on top of the layer, once that is ready.
  #top: Transport | null = null;
  // Whether to write more, as `hold` has found.
  #takesMore = false;
  // Made when it is asked for.
  #opened: PromiseWithResolvers<void> | null = null;

  /**
   * `onHeld` is called each time that something is held back, `onSettled` to have the slot opened.
   */
  constructor(onHeld: () => void, onSettled: () => void) {
    this.#onHeld = onHeld;
    this.#onSettled = onSettled;
  }

  /** Whether the data that is written waits here. */
  get isHolding(): boolean {
    return this.#top === null;
  }

  /** How much is held back, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Whether the end of the direction is held back. */
  get hasEof(): boolean {
    return this.#hasEof;
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

  /** Has the slot opened now if the layer is ready. */
  settle(): void {
    if (this.#top !== null) this.#onSettled();
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
   * Holds back copies of some pieces, or leads them to the top, unless they are let through.
   *
   * @returns Whether it does.
   * @throws {InvalidStateError} After {@linkcode holdEof}.
   */
  hold(pieces: readonly (Uint8Array | string)[]): boolean {
    if (this.#isPassing) return false;
    if (this.#hasEof) throw new InvalidStateError("Cannot write: writeEof() was called");
    const copies = pieces.map((one) => typeof one === "string" ? encoder.encode(one) : copyOf(one));
    if (this.#top !== null) {
      this.#takesMore = this.#top.writelines(copies);
      return true;
    }
    for (const copy of copies) {
      this.#held.push(copy);
      this.#size += copy.length;
    }
    this.#onHeld();
    return true;
  }

  /**
   * {@linkcode hold} of data as a program writes it.
   *
   * @returns Whether to write more; `undefined` if the data is let through.
   */
  write(
    data: readonly (Uint8Array | string)[],
    options: WriteOptions | undefined,
  ): boolean | undefined {
    for (const piece of data) checkData(piece);
    const pieces = data.filter((piece) => piece.length > 0);
    const areOwned = options !== undefined && transfers(options);
    if (pieces.length === 0 || !this.hold(pieces)) return;
    if (areOwned) {
      takeOver(pieces);
      discard(pieces);
    }
    return this.#takesMore;
  }

  /** As {@linkcode hold}, of the end of the direction. */
  holdEof(): boolean {
    if (this.#isPassing) return false;
    this.#hasEof = true;
    if (this.#top !== null) endWriting(this.#top);
    return true;
  }

  /** As {@linkcode hold}, of whether to read. */
  holdReading(isReading: boolean): boolean {
    if (this.#isPassing) return false;
    this.#isReading = isReading;
    if (isReading) this.#top?.resumeReading();
    else this.#top?.pauseReading();
    return true;
  }

  /** Whether the protocol reads, as far as it knows; `null` if the transport knows. */
  get heldReading(): boolean | null {
    return this.#isPassing || this.#top !== null ? null : this.#isReading;
  }

  /**
   * The layer is ready: all goes to `top` from now on. Returns the data that was held back, and the
   * end of the direction is left to {@linkcode hasEof}.
   */
  release(top: Transport): readonly Bytes[] {
    this.#top = top;
    this.#size = 0;
    return this.#held.splice(0);
  }
}

/** Refuses what is written to a transport, other than by {@linkcode WriteGate.pass}. */
export class ExclusiveGate extends WriteGate {
  readonly #use: string;

  /** `use` says what has the transport for itself, in an error: "a file is being sent". */
  constructor(use: string) {
    super(() => {}, () => {});
    this.#use = use;
  }

  /** Nothing is held back: those who wait for sent bytes need not wait for this. */
  override get isHolding(): boolean {
    return false;
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

/** Ends the direction of a transport, or the connection if it has no half-close. */
export function endWriting(transport: Transport): void {
  if (transport.canWriteEof()) transport.writeEof();
  else transport.close();
}
