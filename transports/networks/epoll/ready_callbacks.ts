import { InvalidStateError } from "../../../protocols/errors.ts";
import { check } from "../../../protocols/option_checks.ts";
import { EPOLL } from "./libc/libc.ts";
import { loadLibc } from "./libc/load_libc.ts";
import { reactorOf, type ReadyHandler, type Watch } from "./_reactor.ts";

/** Descriptors are numbers of 32 bits with a sign. */
const MAX_DESCRIPTOR = 0x7fff_ffff;

/** The directions that a descriptor can be ready for. */
type Direction = "reader" | "writer";

const EVENTS: Readonly<Record<Direction, number>> = { reader: EPOLL.IN, writer: EPOLL.OUT };

/** The descriptors that have callbacks. */
const watched = new Map<number, Callbacks>();

/** The callbacks of one descriptor. */
class Callbacks implements ReadyHandler {
  readonly #watch: Watch;
  #reader: (() => void) | null = null;
  #writer: (() => void) | null = null;

  constructor(fd: number) {
    const reactor = reactorOf(loadLibc());
    if (reactor.has(fd)) {
      throw new InvalidStateError(`Cannot add callback: descriptor ${fd} is a connection's`);
    }
    this.#watch = reactor.open(fd, this);
  }

  /** Sets or removes a callback; returns whether there was one. */
  set(direction: Direction, callback: (() => void) | null): boolean {
    const before = direction === "reader" ? this.#reader : this.#writer;
    if (direction === "reader") this.#reader = callback;
    else this.#writer = callback;
    const event = EVENTS[direction];
    const { interest } = this.#watch;
    this.#watch.interest = callback === null ? interest & ~event : interest | event;
    return before !== null;
  }

  /** Whether the descriptor was not closed by another, and its number taken by a connection. */
  get isOpen(): boolean {
    return this.#watch.isOpen;
  }

  get isEmpty(): boolean {
    return this.#reader === null && this.#writer === null;
  }

  release(): void {
    this.#watch.release();
  }

  onReady(events: number): void {
    const isFailed = (events & (EPOLL.ERR | EPOLL.HUP)) !== 0;
    if (isFailed || (events & EPOLL.IN) !== 0) call(this.#reader);
    if (isFailed || (events & EPOLL.OUT) !== 0) call(this.#writer);
  }
}

function call(callback: (() => void) | null): void {
  try {
    callback?.();
  } catch (error) {
    // As one that no one catches, which does not keep the other descriptors from theirs.
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Calls back whenever a descriptor is ready to be read, once in each turn of the event loop while
 * it is: asyncio's `loop.add_reader`. It is the caller's to read until nothing is left, and to
 * close after {@linkcode removeReader}. Another callback for the same descriptor replaces the one
 * before.
 *
 * The process stays alive until {@linkcode removeReader} is called. An exception of the callback is
 * reported as one that nothing catches. Needs what {@linkcode epollNetwork} needs.
 *
 * @param fd The number of the descriptor: of a socket, a pipe, a terminal, an event, no file.
 * @param callback What to call.
 * @throws {InvalidStateError} If the descriptor is that of a connection of the library.
 * @throws {Deno.errors.PermissionDenied} If it is that of a file, which is always ready.
 */
export function addReader(fd: number, callback: () => void): void {
  add("reader", fd, callback);
}

/**
 * Ends {@linkcode addReader}. The descriptor stays open.
 *
 * @param fd The number of the descriptor.
 * @returns Whether there was a callback.
 */
export function removeReader(fd: number): boolean {
  return remove("reader", fd);
}

/**
 * Calls back whenever a descriptor is ready to be written to: asyncio's `loop.add_writer`. As
 * {@linkcode addReader} in all else.
 *
 * @param fd The number of the descriptor.
 * @param callback What to call.
 * @throws {InvalidStateError} If the descriptor is that of a connection of the library.
 * @throws {Deno.errors.PermissionDenied} If it is that of a file, which is always ready.
 */
export function addWriter(fd: number, callback: () => void): void {
  add("writer", fd, callback);
}

/**
 * Ends {@linkcode addWriter}. The descriptor stays open.
 *
 * @param fd The number of the descriptor.
 * @returns Whether there was a callback.
 */
export function removeWriter(fd: number): boolean {
  return remove("writer", fd);
}

function add(direction: Direction, fd: number, callback: () => void): void {
  check.wholeNumber(0, MAX_DESCRIPTOR)(fd, { action: `add ${direction}`, name: "fd" });
  check.functionLike("() => …")(callback, { action: `add ${direction}`, name: "callback" });
  const known = watched.get(fd);
  const callbacks = known?.isOpen ? known : new Callbacks(fd);
  watched.set(fd, callbacks);
  try {
    callbacks.set(direction, callback);
  } catch (error) {
    drop(fd, callbacks);
    throw error;
  }
}

function remove(direction: Direction, fd: number): boolean {
  const callbacks = watched.get(fd);
  if (callbacks === undefined) return false;
  const had = callbacks.set(direction, null);
  if (callbacks.isEmpty) drop(fd, callbacks);
  return had;
}

function drop(fd: number, callbacks: Callbacks): void {
  watched.delete(fd);
  callbacks.release();
}
