/** The raw loop of `deno_raw.ts` over Deno's own TLS. Accepted connections cannot be told TCP_NODELAY. */
const certificates = new URL("../../examples/certificates/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, certificates));

async function echo(conn: Deno.TlsConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    for (let sent = 0; sent < n;) sent += await conn.write(buffer.subarray(sent, n));
  }
}

async function serve(conn: Deno.TlsConn): Promise<void> {
  try {
    await echo(conn);
  } catch (error) {
    // A load generator that goes away with answers under way is the normal end of a measurement.
    const { ConnectionReset, BrokenPipe, UnexpectedEof } = Deno.errors;
    if (
      !(error instanceof ConnectionReset || error instanceof BrokenPipe ||
        error instanceof UnexpectedEof)
    ) {
      throw error;
    }
  } finally {
    conn.close();
  }
}

const listener = Deno.listenTls({
  hostname: "127.0.0.1",
  port: 0,
  cert: read("localhost.crt"),
  key: read("localhost.key"),
});
console.log(`listening on 127.0.0.1:${listener.addr.port}`);
for await (const conn of listener) serve(conn);
