import { copyOf } from "../../../protocols/bytes.ts";
import { ChunkQueue } from "../../core/read/chunk_queue.ts";

/**
 * How many bytes are between writer and reader before the writer waits, as in a socket's buffer.
 */
const CAPACITY = 65_536;

/** One direction of a connection inside this process: bytes are copied in and come out in order. */
export class MemoryPipe extends ChunkQueue {
  /**
   * Copies in what there is room for, at least one byte, after waiting for room if need be.
   *
   * @throws {Deno.errors.BrokenPipe} If it will not be read.
   */
  async write(bytes: Uint8Array): Promise<number> {
    await this.below(CAPACITY);
    if (this.isDropping) throw new Deno.errors.BrokenPipe("the other end is closed");
    const part = copyOf(bytes, 0, CAPACITY - this.size);
    this.put(part);
    return part.length;
  }
}
