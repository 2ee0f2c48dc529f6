import type { Bytes } from "../../../protocols/bytes.ts";
import { isLent } from "../../core/memory/loan.ts";
import { takeMemory } from "../../core/memory/memory_pool.ts";

/** Memory that is read into again and again, and replaced when it was taken away. */
export class ReadMemory {
  /** How many bytes it has, as the system is told. */
  readonly size: bigint;
  #bytes: Bytes = new Uint8Array(0);

  /** Takes memory of this many bytes when it is first used. */
  constructor(size: number) {
    this.size = BigInt(size);
  }

  /** Where to read to. */
  get bytes(): Bytes {
    // Memory that was taken away has no length any more.
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(takeMemory(Number(this.size)));
    return this.#bytes;
  }

  /** Leaves memory to a loan that goes on, if that is so. */
  leave(): void {
    if (isLent(this.#bytes)) this.#bytes = new Uint8Array(0);
  }
}
