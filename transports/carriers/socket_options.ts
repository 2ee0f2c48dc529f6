import { check, type OptionTable } from "../../protocols/option_checks.ts";

/** Options for a TCP connection. */
export interface SocketOptions {
  /**
   * Sends small pieces at once instead of waiting for the peer's acknowledgement (TCP_NODELAY).
   *
   * Deno's own TLS cannot do that on connections that a server accepts: a server that encrypts gets
   * the other engine unless it says `false` here, and `tls: { engine: "native" }` goes without it.
   *
   * @default {true}
   */
  readonly noDelay?: boolean;
  /**
   * Has the system probe an idle peer, so that one that vanished is noticed in the end
   * (SO_KEEPALIVE).
   *
   * @default {false}
   */
  readonly keepAlive?: boolean;
}

/** The checks of {@linkcode SocketOptions}. */
export const SOCKET_CHECKS: OptionTable<SocketOptions> = {
  noDelay: check.flag,
  keepAlive: check.flag,
};

/**
 * Sets the options on a TCP connection; on any other there is nothing to set. Where that fails, as
 * some systems let it once the peer is gone, the connection is closed.
 */
export function applySocketOptions(conn: Deno.Conn, options: SocketOptions): void {
  if (!isTcp(conn)) return;
  try {
    // Deno leaves Nagle's algorithm on; asyncio, like everyone with small messages, turns it off.
    if (options.noDelay ?? true) conn.setNoDelay(true);
    if (options.keepAlive ?? false) conn.setKeepAlive(true);
  } catch (error) {
    conn.close();
    throw error;
  }
}

function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}
