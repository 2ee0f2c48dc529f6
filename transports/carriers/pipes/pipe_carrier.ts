import type { Bytes } from "../../../protocols/bytes.ts";
import type { ByteSource, Carrier } from "../../core/carrier.ts";

/** The end of a pipe that is read. */
export interface PipeInput extends ByteSource {
  /** Gives it up, at once; a read that waits comes to the end. */
  release(): void;
}

/** The end of a pipe that is written. */
export interface PipeOutput {
  /** As {@linkcode Carrier.write}. */
  write(bytes: Uint8Array): Promise<number>;
  /** Lets the reader come to the end of the data. Absent where that cannot be done. */
  end?(): Promise<void>;
  /** Gives it up, at once. */
  release(): void;
}

/** Pipes as a {@linkcode Carrier}: one to read from, one to write to, or both. */
export class PipeCarrier implements Carrier {
  readonly direction?: "read" | "write";
  readonly source: ByteSource;
  readonly closeWrite?: () => Promise<void>;
  readonly #input: PipeInput | undefined;
  readonly #output: PipeOutput | undefined;
  readonly #facts: Readonly<Record<string, unknown>>;
  readonly #closed = Promise.withResolvers<IteratorResult<Bytes, void>>();

  /** Owns the pipes from now on. `facts` is what `getExtraInfo` knows. */
  constructor(
    { input, output }: { readonly input?: PipeInput; readonly output?: PipeOutput },
    facts: Readonly<Record<string, unknown>> = {},
  ) {
    this.#input = input;
    this.#output = output;
    this.#facts = facts;
    // There is no event for a reader that has gone, so a pipe that is only written waits for its
    // own end.
    this.source = input ?? { next: () => this.#closed.promise };
    if (input === undefined) this.direction = "write";
    else if (output === undefined) this.direction = "read";
    else if (output.end !== undefined) this.closeWrite = () => output.end?.() ?? Promise.resolve();
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#output === undefined) return Promise.reject(new TypeError("Cannot write: no output"));
    return this.#output.write(bytes);
  }

  close(): void {
    this.#input?.release();
    this.#output?.release();
    this.#closed.resolve({ done: true, value: undefined });
  }

  getExtraInfo(name: string): unknown {
    return this.#facts[name];
  }
}
