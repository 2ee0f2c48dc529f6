/**
 * An echo server over TLS of the kind that the first argument names; prints its port. For {@linkcode ./main.ts}.
 *
 * @module
 */
import { createServer as createNodeServer } from "node:tls";
import type { Transport } from "@sluice/net";
import { createServer } from "@sluice/net";

const read = (name: string): string =>
  Deno.readTextFileSync(new URL(`../../examples/certificates/${name}`, import.meta.url));
const cert = read("localhost.crt");
const key = read("localhost.key");

async function serveRaw(): Promise<number> {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const echo = async (conn: Deno.TlsConn) => {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        for (let sent = 0; sent < n;) sent += await conn.write(buffer.subarray(sent, n));
      }
    } catch {
      // The client is gone.
    }
  };
  const accept = async () => {
    for await (const conn of listener) void echo(conn);
  };
  void accept();
  return await Promise.resolve((listener.addr as Deno.NetAddr).port);
}

function serveNode(): Promise<number> {
  const server = createNodeServer({ cert, key }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function serveSluice(engine: "native" | "layer"): Promise<number> {
  const server = await createServer(() => {
    let transport: Transport;
    return {
      connectionMade: (made: Transport) => void (transport = made),
      dataReceived: (chunk: Uint8Array) => void transport.write(chunk),
      pauseWriting: () => transport.pauseReading(),
      resumeWriting: () => transport.resumeReading(),
    };
  }, { port: 0, tls: { cert, key, engine }, onError: () => {} });
  return server.port;
}

const [kind] = Deno.args;
const port = kind === "deno-raw"
  ? await serveRaw()
  : kind === "node-tls"
  ? await serveNode()
  : await serveSluice(kind === "sluice-native" ? "native" : "layer");
console.log(port);
