import { InvalidStateError } from "../../../../protocols/errors.ts";
import { check } from "../../../../protocols/option_checks.ts";

/** Descriptors are numbers of 32 bits with a sign. */
const MAX_DESCRIPTOR = 0x7fff_ffff;

/** The descriptors that have an owner here, by their numbers. */
const owned = new Map<number, Descriptor>();

/**
 * An open descriptor of the system that belongs to the one who has this: a socket, a pipe, a file.
 * `receiveDescriptors` and `detachSocket` give one.
 *
 * It is open until {@linkcode Descriptor.close}, or until another takes it over: `adoptSocket` and
 * a server with `{ fd: descriptor.fd }` do that when they succeed. Children do not inherit it.
 */
export class Descriptor implements Disposable {
  readonly #close: (fd: number) => void;
  readonly #onGone: (descriptor: Descriptor) => void;
  #fd: number;

  /** Owns a descriptor from now on; made by the functions of this module. */
  constructor(
    fd: number,
    close: (fd: number) => void,
    onGone: (descriptor: Descriptor) => void = () => {},
  ) {
    this.#close = close;
    this.#fd = fd;
    this.#onGone = onGone;
    // Another has closed the one that had the number.
    owned.get(fd)?.release();
    owned.set(fd, this);
  }

  /**
   * Its number, for functions that do not take it over, such as `addReader`.
   *
   * @throws {InvalidStateError} If it was closed or taken over.
   */
  get fd(): number {
    if (this.isOpen) return this.#fd;
    throw new InvalidStateError("Cannot use descriptor: it was closed or taken over");
  }

  /** Whether it was neither closed nor taken over. */
  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /**
   * Gives the number away: it is the caller's to close from now on.
   *
   * @returns The number.
   * @throws {InvalidStateError} If it was closed or taken over.
   */
  release(): number {
    const { fd } = this;
    this.#fd = -1;
    owned.delete(fd);
    this.#onGone(this);
    return fd;
  }

  /** Closes it. Does nothing if it was closed or taken over. */
  close(): void {
    if (this.isOpen) this.#close(this.release());
  }

  /** {@linkcode Descriptor.close}, at the end of a scope that says `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A descriptor has another owner from now on. */
export function takeOver(fd: number): void {
  owned.get(fd)?.release();
}

/**
 * The number that a caller gave, as it is or by its owner.
 *
 * @throws {TypeError} If it is none.
 * @throws {InvalidStateError} If the owner has it no more.
 */
export function numberOf(action: string, given: Descriptor | number): number {
  if (given instanceof Descriptor) return given.fd;
  check.wholeNumber(0, MAX_DESCRIPTOR)(given, { action, name: "descriptor" });
  return given;
}
