import type { Bytes } from "../../protocols/contract.ts";
import { fromDenoAddr } from "../core/addresses.ts";
import type { ByteSource, Carrier } from "../core/carrier.ts";
import { ReadBuffer } from "../core/read/read_buffer.ts";

/** The bytes that arrive on a socket. Never `conn.readable`: that closes both directions at the end of one. */
class SocketSource implements ByteSource {
  readonly #conn: Deno.Conn;
  readonly #buffer = new ReadBuffer();
  #target: Uint8Array | undefined;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    this.#target = target;
    return this.#conn.read(target ?? this.#buffer.target).then(this.#onRead);
  }

  // Made once: it is handed to every read.
  readonly #onRead = (n: number | null): IteratorResult<Bytes, void> => {
    if (n === null) return { done: true, value: undefined };
    // Lent buffers are over a plain ArrayBuffer: Deno refuses to read into shared memory.
    const value = this.#target?.subarray(0, n) as Bytes | undefined ?? this.#buffer.take(n);
    return { done: false, value };
  };
}

/** A TCP, Unix or TLS socket of Deno's as a {@linkcode Carrier}. */
export class SocketCarrier implements Carrier {
  readonly source: ByteSource;
  readonly #conn: Deno.Conn;

  /** Owns the connection from now on. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.source = new SocketSource(conn);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#conn.close();
  }

  getExtraInfo(name: string): unknown {
    switch (name) {
      case "peername":
        return fromDenoAddr(this.#conn.remoteAddr);
      case "sockname":
        return fromDenoAddr(this.#conn.localAddr);
      case "socket":
        return this.#conn;
      default:
        return undefined;
    }
  }
}
