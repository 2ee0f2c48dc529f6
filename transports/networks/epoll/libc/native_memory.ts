import type { Libc } from "./libc.ts";

/**
 * Memory of the C library, for structures with pointers in them: JavaScript can neither free nor
 * move it. It is never given back: there are few, one of each kind for a thread.
 */
export class NativeMemory {
  /** Where it is. */
  readonly address: bigint;
  readonly #libc: Libc;

  /**
   * Takes zeroed memory of this many bytes.
   *
   * @throws {Deno.errors.Busy} If there is none.
   */
  constructor(libc: Libc, size: number) {
    this.#libc = libc;
    this.address = BigInt(libc.callocAddress(1n, BigInt(size)));
    if (this.address === 0n) throw new Deno.errors.Busy("Cannot go on: there is no memory");
  }

  /** Copies bytes into it. */
  set(bytes: Uint8Array<ArrayBuffer>, offset: number): void {
    this.#libc.memcpyTo(this.address + BigInt(offset), bytes, BigInt(bytes.length));
  }

  /** Copies bytes of it out, as many as there is room for. */
  get(into: Uint8Array<ArrayBuffer>, offset: number): void {
    this.#libc.memcpyFrom(into, this.address + BigInt(offset), BigInt(into.length));
  }
}
