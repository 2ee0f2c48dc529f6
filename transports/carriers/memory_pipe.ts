import { copyOf } from "../../protocols/bytes.ts";
import type { Bytes } from "../../protocols/contract.ts";
import { ReceiveBuffer } from "../../protocols/receive_buffer.ts";
import type { ByteSource } from "../core/carrier.ts";

/** How many bytes stand between writer and reader before the writer waits, as in a socket's buffer. */
const CAPACITY = 65_536;

/** One direction of a connection inside this process: bytes are copied in and come out in order. */
export class MemoryPipe implements ByteSource {
  readonly #buffer = new ReceiveBuffer();
  #isEnded = false;
  #isAbandoned = false;
  #onReadable: (() => void) | null = null;
  #onWritable: (() => void) | null = null;

  /**
   * Copies in what there is room for, at least one byte, after waiting for room if need be.
   *
   * @throws {Deno.errors.BrokenPipe} If nobody will read it.
   */
  async write(bytes: Uint8Array): Promise<number> {
    while (this.#buffer.length >= CAPACITY && !this.#isAbandoned) {
      await new Promise<void>((resolve) => this.#onWritable = resolve);
    }
    if (this.#isAbandoned) throw new Deno.errors.BrokenPipe("the other end is closed");
    const part = copyOf(bytes, 0, CAPACITY - this.#buffer.length);
    this.#buffer.append(part);
    this.#onReadable?.();
    return part.length;
  }

  /** Lets the reader come to the end of the data. */
  end(): void {
    this.#isEnded = true;
    this.#onReadable?.();
  }

  /** Nobody reads any more: what is pending ends, and writing fails. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#buffer.clear();
    this.#onWritable?.();
    this.end();
  }

  async next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    while (this.#buffer.length === 0) {
      if (this.#isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#onReadable = resolve);
    }
    const value = this.#buffer.takeChunk(target?.length);
    this.#onWritable?.();
    return { done: false, value };
  }
}
