import type { EncodedMessage } from "@sluice/net/protocols";

/** Answers are collected here: a transport copies what is not longer than this. */
const memory = new Uint8Array(16_384);
const encoder = new TextEncoder();

/** The batch whose answers are in the memory. */
let current: AnswerBatch | null = null;

/** Collects the answers to the commands of one turn, for one write. */
export class AnswerBatch {
  readonly #write: (answers: Uint8Array | string) => void;
  #length = 0;

  /** Begins empty. */
  constructor(write: (answers: Uint8Array | string) => void) {
    this.#write = write;
  }

  /** Adds an answer. It is sent at the end of the turn, or before if there is no room for it. */
  add(answer: EncodedMessage): void {
    if (typeof answer === "string") this.#addText(answer);
    else if (answer instanceof Uint8Array) this.#addBytes(answer);
    else for (const part of answer) this.add(part);
  }

  /** Sends what was collected. */
  send(): void {
    if (current !== this) return;
    current = null;
    const length = this.#length;
    this.#length = 0;
    this.#write(memory.subarray(0, length));
  }

  /** Answers are ASCII, but for keys and values, which are bytes. */
  #addText(text: string): void {
    if (text.length > memory.length) this.#pass(text);
    else {
      this.#makeRoom(text.length);
      this.#length += encoder.encodeInto(text, memory.subarray(this.#length)).written;
    }
  }

  #addBytes(bytes: Uint8Array): void {
    if (bytes.length > memory.length) return this.#pass(bytes);
    this.#makeRoom(bytes.length);
    memory.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #pass(answer: Uint8Array | string): void {
    this.send();
    this.#write(answer);
  }

  #makeRoom(length: number): void {
    if (this.#length + length > memory.length) this.send();
    if (current === this) return;
    current?.send();
    current = this;
    queueMicrotask(() => this.send());
  }
}
