import { fromDenoAddr } from "../core/addresses.ts";
import type { ByteSource, Carrier, CarrierOutcome } from "../core/carrier.ts";
import { ReaderSource } from "../core/read/read_buffer.ts";

/** A TCP, Unix or TLS socket of Deno's as a {@linkcode Carrier}. */
export class SocketCarrier implements Carrier {
  readonly source: ByteSource;
  readonly #conn: Deno.Conn;

  /** Owns the connection from now on. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    // Never `conn.readable`: that closes both directions at the end of one.
    this.source = new ReaderSource(conn);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(_outcome?: CarrierOutcome): void {
    this.#conn.close();
  }

  getExtraInfo(name: string): unknown {
    if (name === "peername") return fromDenoAddr(this.#conn.remoteAddr);
    if (name === "sockname") return fromDenoAddr(this.#conn.localAddr);
    return name === "socket" ? this.#conn : undefined;
  }
}
