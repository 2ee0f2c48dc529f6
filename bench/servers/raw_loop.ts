/**
 * The raw loop that every figure is compared with: `read` into one reused buffer, `write` until all
 * of it is out.
 */

/** Copies all data. */
export async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
    for (let sent = 0; sent < n;) sent += await to.write(buffer.subarray(sent, n));
  }
}

/** Calls `handle` for each connection and closes it when that is done, however it ended. */
export async function serve<T extends Deno.Conn>(
  listener: AsyncIterable<T>,
  handle: (conn: T) => Promise<unknown>,
): Promise<void> {
  const run = async (conn: T): Promise<void> => {
    if ("setNoDelay" in conn) (conn as unknown as Deno.TcpConn).setNoDelay(true);
    // A load generator that goes away with answers under way is the normal end of a measurement.
    await handle(conn).catch(() => {});
    try {
      conn.close();
    } catch {
      // Its Web streams have closed it.
    }
  };
  for await (const conn of listener) void run(conn);
}
