/**
 * Echo servers on Deno's own sockets. `raw` is the loop that every figure is compared with:
 * `conn.read` into one reused buffer, `conn.write` until all of it is out. `tls` is the same over
 * Deno's own TLS, where an accepted connection has no TCP_NODELAY. `pipe` is the echo of Deno's
 * manual, with Web streams. `owned` is the raw loop as an async iterator of chunks that have memory
 * of their own: what a protocol promises its users, at the least cost there is.
 */

async function echo(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    for (let sent = 0; sent < n;) sent += await conn.write(buffer.subarray(sent, n));
  }
}

async function* chunksOf(conn: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    yield buffer.slice(0, n);
  }
}

async function echoOwned(conn: Deno.Conn): Promise<void> {
  for await (const chunk of chunksOf(conn)) {
    for (let sent = 0; sent < chunk.length;) sent += await conn.write(chunk.subarray(sent));
  }
}

async function serve(conn: Deno.Conn): Promise<void> {
  try {
    await (kind === "owned" ? echoOwned : echo)(conn);
  } catch (error) {
    // A load generator that goes away with answers under way is the normal end of a measurement.
    const { ConnectionReset, BrokenPipe, UnexpectedEof } = Deno.errors;
    const expected = [ConnectionReset, BrokenPipe, UnexpectedEof];
    if (!expected.some((one) => error instanceof one)) throw error;
  } finally {
    conn.close();
  }
}

function listenTls(): Deno.TlsListener {
  const certificates = new URL("../../examples/certificates/", import.meta.url);
  const read = (name: string) => Deno.readTextFileSync(new URL(name, certificates));
  const [cert, key] = [read("localhost.crt"), read("localhost.key")];
  return Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
}

const [kind] = Deno.args;
const listener = kind === "tls" ? listenTls() : Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${listener.addr.port}`);
for await (const conn of listener) {
  if ("setNoDelay" in conn) conn.setNoDelay(true);
  if (kind === "pipe") conn.readable.pipeTo(conn.writable).catch(() => {});
  else serve(conn);
}
