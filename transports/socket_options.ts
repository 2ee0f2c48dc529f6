/** What can be set on a TCP connection. */
export interface SocketOptions {
  /**
   * Sends small pieces at once instead of waiting for the peer's acknowledgement (TCP_NODELAY).
   *
   * @default {true}
   */
  readonly noDelay?: boolean;
  /**
   * Has the system probe an idle peer, so that one that vanished is noticed in the end (SO_KEEPALIVE).
   *
   * @default {false}
   */
  readonly keepAlive?: boolean;
}

/** Sets the options on a TCP connection; on any other there is nothing to set. */
export function applySocketOptions(conn: Deno.Conn, options: SocketOptions): void {
  if (!isTcp(conn)) return;
  // Deno leaves Nagle's algorithm on; asyncio, like everyone with small messages, turns it off.
  if (options.noDelay ?? true) conn.setNoDelay(true);
  if (options.keepAlive ?? false) conn.setKeepAlive(true);
}

function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}
