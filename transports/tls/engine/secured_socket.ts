import type { TLSSocket } from "node:tls";
import type { PlaintextSource } from "./plaintext_source.ts";
import type { TlsDuplex } from "./tls_duplex.ts";

/**
 * How much goes into the engine at a time, in bytes: three full records, the most that it encrypts
 * at once. The rest of a larger piece goes through it round by round, at two to three times the
 * cost.
 */
const WRITE_SIZE = 49_152;

/** The engine after its handshake: plaintext goes in and comes out. */
export class SecuredSocket {
  readonly #socket: TLSSocket;
  readonly #duplex: TlsDuplex;
  // Of the write that has given no ciphertext yet.
  #reject: ((error: Error) => void) | null = null;

  /**
   * Puts what the engine decrypts into a source.
   *
   * @param socket The engine, whose handshake has just ended.
   * @param duplex Its lower side.
   * @param received The source.
   * @param onEnd Told of the end of the data: `null` after close_notify, else what the engine
   * failed with.
   */
  constructor(
    socket: TLSSocket,
    duplex: TlsDuplex,
    received: PlaintextSource,
    onEnd: (error: Error | null) => void,
  ) {
    this.#socket = socket;
    this.#duplex = duplex;
    duplex.hold();
    socket.on("error", (error) => {
      // There is an alert to send.
      duplex.letGo();
      onEnd(error);
    });
    socket.on("end", () => onEnd(null));
    socket.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      duplex.noteData();
      received.put(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    });
  }

  /**
   * Encrypts the start of some bytes. Gives how many, now or by a promise, when their ciphertext
   * has gone to the transport below.
   */
  write(bytes: Uint8Array): number | Promise<number> {
    const { length } = bytes;
    const piece = length > WRITE_SIZE ? bytes.subarray(0, WRITE_SIZE) : bytes;
    // The ciphertext is longer.
    const end = this.#duplex.sent + piece.length;
    this.#socket.write(piece, this.#onWritten);
    this.#duplex.pull();
    if (this.#duplex.sent >= end) return piece.length;
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#duplex.whenSent(end, () => resolve(piece.length));
    });
  }

  /** Says close_notify. */
  end(): Promise<void> {
    this.#duplex.letGo();
    return new Promise((resolve) => void this.#socket.end(() => resolve()));
  }

  /** Gives up the engine. */
  destroy(): void {
    this.#socket.destroy();
  }

  // Made once: it is handed to every write.
  readonly #onWritten = (error?: Error | null): void => {
    if (error) this.#reject?.(error);
  };
}
