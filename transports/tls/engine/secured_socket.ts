import type { TLSSocket } from "node:tls";
import type { ChunkQueue } from "../../core/read/chunk_queue.ts";

/**
 * How much goes into the engine at a time, in bytes: three full records, the most that it encrypts
 * at once. The rest of a larger piece goes through it round by round, at two to three times the
 * cost.
 */
const WRITE_SIZE = 49_152;

/** The engine after its handshake: plaintext goes in and comes out. */
export class SecuredSocket {
  readonly #socket: TLSSocket;

  /**
   * Puts what the engine decrypts into a queue.
   *
   * @param socket The engine, whose handshake has just ended.
   * @param received The queue.
   * @param onEnd Told of the end of the data: `null` after close_notify, else what the engine
   * failed with.
   */
  constructor(socket: TLSSocket, received: ChunkQueue, onEnd: (error: Error | null) => void) {
    this.#socket = socket;
    socket.on("error", onEnd);
    socket.on("end", () => onEnd(null));
    socket.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      received.put(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    });
  }

  /** Encrypts the start of some bytes. Resolves to how many, once they have left. */
  write(bytes: Uint8Array): Promise<number> {
    const piece = bytes.length > WRITE_SIZE ? bytes.subarray(0, WRITE_SIZE) : bytes;
    return new Promise((resolve, reject) => {
      this.#socket.write(piece, (error) => error ? reject(error) : resolve(piece.length));
    });
  }

  /** Says close_notify. */
  end(): Promise<void> {
    return new Promise((resolve) => void this.#socket.end(() => resolve()));
  }

  /** Gives up the engine. */
  destroy(): void {
    this.#socket.destroy();
  }
}
