import { type Bytes, copyOf, ownedBytes } from "../../../protocols/bytes.ts";
import { detach, giveMemory } from "./memory_pool.ts";

/** Bytes that wait to be sent, and what is told once they are. */
export interface Outgoing {
  /** The bytes; they move when their memory does. */
  bytes: Uint8Array;
  /** Told when they are sent; `null` if their memory belongs to the writer. */
  holder: MemoryHolder | null;
}

/** Whose memory outgoing bytes lie in. */
export interface MemoryHolder {
  /** They are sent. */
  release(bytes: Uint8Array): void;
}

/** Something with bytes to send. */
interface Flushable {
  /** Sends what is queued. Must not throw. */
  flush(): void;
}

/** The holder of bytes that have their memory for themselves: it is used again. */
export const OWNER: MemoryHolder = {
  // The queue makes it the holder of bytes over plain memory only.
  release: (bytes) => giveMemory(bytes.buffer as ArrayBuffer),
};

/** The memory of loans that go on after their callback has returned. */
const prolonged = new WeakSet<ArrayBufferLike>();
/** The memory that buffered protocols read into: it may be overwritten at any time. */
const overwritten = new WeakSet<ArrayBufferLike>();
/** The loan whose callback is running. */
let current: Loan | null = null;

/**
 * Memory that a protocol has for the length of a callback.
 *
 * ```text
 * begin -> callback -> end, if it returned no promise
 *                   -> prolonged -> the promise settles -> end
 * ```
 *
 * At the end the memory is taken back: every view of it becomes empty. Data written meanwhile
 * needs no copy: no queue is sent while a callback runs, and at its end the memory goes to the one
 * that needs it. A callback that goes on asynchronously may wait for its bytes to be sent, so they
 * are copied.
 */
export class Loan {
  readonly #memory: ArrayBuffer;
  readonly #outer: Loan | null;
  // The bytes of it that were written.
  #outgoing: Outgoing[] | null = null;
  #waiting: Flushable[] | null = null;

  /** Use {@linkcode Loan.begin}. */
  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
    this.#outer = current;
  }

  /** Begins a loan; the callback follows. */
  static begin(memory: ArrayBuffer): Loan {
    return current = new Loan(memory);
  }

  /** The running loan of some memory, if there is one. */
  static of(memory: ArrayBufferLike): Loan | null {
    let loan = current;
    while (loan !== null && loan.#memory !== memory) loan = loan.#outer;
    return loan;
  }

  /** Has `target` flushed when the callback has returned; `false` if none runs that borrows. */
  static flushAfter(target: Flushable): boolean {
    if (current === null) return false;
    const waiting = current.#waiting ??= [];
    if (waiting.at(-1) !== target) waiting.push(target);
    return true;
  }

  /** Has bytes that lie in this memory outlive the loan. */
  keep(one: Outgoing): void {
    (this.#outgoing ??= []).push(one);
  }

  /** The callback has returned `settled`: the loan ends, now or when that promise resolves. */
  end(settled: unknown): void | Promise<void> {
    current = this.#outer;
    if (!(settled instanceof Promise)) return this.#takeBack();
    prolonged.add(this.#memory);
    for (const one of this.#outgoing ?? []) {
      one.bytes = copyOf(one.bytes);
      one.holder = OWNER;
    }
    this.#outgoing = null;
    this.#flush();
    return settled.then(() => this.#takeBack());
  }

  #takeBack(): void {
    if (this.#outgoing === null) giveMemory(this.#memory);
    else this.#move(this.#outgoing);
    this.#flush();
  }

  /** Moves the memory to the queue that has some of it to send. */
  #move(outgoing: readonly Outgoing[]): void {
    const places = outgoing.map(({ bytes }): [number, number] => [bytes.byteOffset, bytes.length]);
    const memory = detach(this.#memory);
    if (memory === null) return;
    outgoing.forEach((one, i) => {
      one.bytes = new Uint8Array(memory, ...places[i] ?? []);
      // With several, none knows when the last is sent.
      if (outgoing.length === 1) one.holder = OWNER;
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const one of waiting ?? []) one.flush();
  }
}

/** A buffered protocol has given this memory to read into. */
export function markOverwritten(memory: ArrayBufferLike): void {
  overwritten.add(memory);
}

/** Whether bytes lie in memory that is taken back or overwritten later, at an unknown time. */
export function mayVanish({ buffer }: Uint8Array): boolean {
  return overwritten.has(buffer) || prolonged.has(buffer);
}

/** Whether bytes lie in memory that is taken back when a loan ends. */
export function isOnLoan({ buffer }: Uint8Array): boolean {
  return Loan.of(buffer) !== null || prolonged.has(buffer);
}

/** Whether bytes lie in memory that is taken back or overwritten later. */
export function isLent(bytes: Uint8Array): boolean {
  return isOnLoan(bytes) || overwritten.has(bytes.buffer);
}

/** Bytes with memory of their own: copied if these are lent. */
export function keepable(bytes: Bytes): Bytes {
  return isLent(bytes) ? copyOf(bytes) : bytes;
}

/** Bytes with a buffer of their own, which no other user takes back. */
export function owned(bytes: Bytes): Bytes {
  return isLent(bytes) ? copyOf(bytes) : ownedBytes(bytes);
}
