/**
 * Echo servers on Deno's own sockets: `raw` is the raw loop. `tls` is the same over Deno's own TLS,
 * where an accepted connection has no TCP_NODELAY. `pipe` is the echo of Deno's manual, with Web
 * streams. `owned` is the raw loop as an async iterator of chunks that have memory of their own:
 * what a protocol promises its users, at the least cost there is.
 */

import { copy, serve } from "./raw_loop.ts";

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

function listenTls(): Deno.TlsListener {
  const certificates = new URL("../../examples/certificates/", import.meta.url);
  const read = (name: string) => Deno.readTextFileSync(new URL(name, certificates));
  const [cert, key] = [read("localhost.crt"), read("localhost.key")];
  return Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
}

const [kind] = Deno.args;
const listener = kind === "tls" ? listenTls() : Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${listener.addr.port}`);
await serve<Deno.Conn>(listener, (conn) => {
  if (kind === "pipe") return conn.readable.pipeTo(conn.writable);
  return kind === "owned" ? echoOwned(conn) : copy(conn, conn);
});
