import type { NetAddress } from "../../protocols/facts/address.ts";
import { TruncationError } from "../../protocols/errors.ts";
import { formatAddress } from "../core/addresses.ts";
import type { ByteSource, Carrier } from "../core/carrier.ts";
import { settlesInTime } from "../core/clock.ts";
import { ReaderSource } from "../core/read/read_buffer.ts";
import { SocketCarrier } from "../carriers/socket_carrier.ts";
import { protocolError } from "./_tls_errors.ts";
import { MAX_DROPPED, type ResolvedTlsOptions } from "./tls_options.ts";

/** A TLS socket of Deno's as a {@linkcode Carrier}. */
export class NativeTlsCarrier extends SocketCarrier implements Carrier {
  override readonly source: ByteSource;
  readonly #conn: Deno.TlsConn;
  readonly #options: ResolvedTlsOptions;
  #finished: Promise<void> | null = null;
  #alpnProtocol: string | null = null;

  /** Owns the connection from now on. */
  constructor(conn: Deno.TlsConn, options: ResolvedTlsOptions) {
    super(conn);
    this.#conn = conn;
    this.#options = options;
    const fail = (error: unknown): never => {
      throw describe(error, conn);
    };
    this.source = new ReaderSource({ read: (target) => conn.read(target).then(undefined, fail) });
  }

  /** Makes the handshake; nothing may be read before. */
  async handshake(): Promise<void> {
    this.#alpnProtocol = (await this.#conn.handshake()).alpnProtocol;
  }

  finish(): Promise<void> {
    return this.#finished ??= this.#endInTime();
  }

  override getExtraInfo(name: string): unknown {
    switch (name) {
      case "peername":
        return tcpAddress(this.#conn.remoteAddr);
      case "sockname":
        return tcpAddress(this.#conn.localAddr);
      case "tlsEngine":
        return "native";
      case "sslObject":
        return this.#conn;
      case "alpnProtocol":
        return this.#alpnProtocol ?? undefined;
      case "authorized":
        return true;
      case "serverName":
        return this.#options.serverSide ? undefined : this.#options.serverName;
      default:
        return super.getExtraInfo(name);
    }
  }

  async #endInTime(): Promise<void> {
    // Closed before the peer has read everything, a socket is reset and the peer may lose what it
    // has not read.
    await settlesInTime(this.#exchangeEnds(), this.#options.shutdownTimeout);
  }

  /**
   * Says that we are done, then reads until the peer says so. Never rejects: everything was sent
   * before.
   */
  async #exchangeEnds(): Promise<void> {
    try {
      await this.#conn.closeWrite();
      const rest = new Uint8Array(65_536);
      for (let dropped = 0; dropped < MAX_DROPPED;) {
        const n = await this.#conn.read(rest);
        if (n === null) return;
        dropped += n;
      }
    } catch {
      // Ended in another way: its promise has no other handler.
    }
  }
}

/** After `Deno.startTls` the addresses lack what says that they are of TCP. */
function tcpAddress({ hostname, port }: Deno.NetAddr): NetAddress {
  return { transport: "tcp", hostname, port };
}

function describe(error: unknown, conn: Deno.TlsConn): unknown {
  const isTruncated = error instanceof Deno.errors.UnexpectedEof;
  if (!isTruncated && !(error instanceof Deno.errors.InvalidData)) return error;
  const peer = formatAddress(tcpAddress(conn.remoteAddr));
  const local = formatAddress(tcpAddress(conn.localAddr));
  if (isTruncated) return new TruncationError({ peer, local }, { cause: error });
  return protocolError(error, { peer, local });
}
