import type { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { Bytes } from "../../../protocols/bytes.ts";
import { fromNodeError } from "../../core/os_error.ts";
import type { PipeInput, PipeOutput } from "./pipe_carrier.ts";

/** A pipe that node:net or node:child_process reads. */
export class NodeInput implements PipeInput {
  readonly #stream: Duplex;
  #failure: { readonly error: Error } | null = null;
  #isEnded = false;
  #onChange: (() => void) | null = null;

  /** Owns the stream. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    // The end of the data ends one direction only.
    stream.allowHalfOpen = true;
    const change = (): void => this.#onChange?.();
    const end = (): void => {
      this.#isEnded = true;
      change();
    };
    stream.on("readable", change).on("end", end).on("close", end);
    stream.on("error", (error) => {
      this.#failure ??= { error };
      change();
    });
  }

  async next(): Promise<IteratorResult<Bytes, void>> {
    for (;;) {
      const chunk: Buffer | null = this.#stream.read();
      // With memory of its own: that of a Buffer may be shared.
      if (chunk !== null) return { done: false, value: new Uint8Array(chunk) };
      if (this.#failure !== null) throw fromNodeError(this.#failure.error);
      if (this.#isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
  }

  release(): void {
    this.#stream.destroy();
  }
}

/** A pipe that node:net or node:child_process writes. */
export class NodeOutput implements PipeOutput {
  readonly #stream: Duplex;

  /** Owns the stream. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    // Each write is told of its failure.
    stream.on("error", () => {});
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#stream.write(
        bytes,
        (error) => error ? reject(fromNodeError(error)) : resolve(bytes.length),
      );
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      // A reader that is gone needs no end of the data.
      if (this.#stream.destroyed) resolve();
      else this.#stream.once("close", resolve).end(() => resolve());
    });
  }

  release(): void {
    this.#stream.destroy();
  }
}
