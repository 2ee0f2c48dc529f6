import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";

/** How much is kept, in bytes. */
const MAX_SIZE = 4096;
/** How many lines are shown. */
const MAX_LINES = 10;

/** The end of what a pipe gave. */
export class OutputTail {
  #tail: Bytes = new Uint8Array(0);

  /** Adds what came. */
  add(chunk: Uint8Array): void {
    const kept = this.#tail.subarray(Math.max(0, this.#tail.length + chunk.length - MAX_SIZE));
    this.#tail = joinBytes([kept, copyOf(chunk, Math.max(0, chunk.length - MAX_SIZE))]);
  }

  /** The last lines, as text. */
  get lines(): string {
    const text = new TextDecoder().decode(this.#tail).trimEnd();
    return text.split("\n").slice(-MAX_LINES).join("\n");
  }
}
