import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { Duplex, duplexPair } from "node:stream";
import { constants, createGunzip, createGzip } from "node:zlib";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { toNodeStream } from "../../../node/streams/to_node_stream.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { connectNodeStream } from "../../../transports/connect_node_stream.ts";
import { sampled } from "../../support/runs/sampled.ts";

/** Transports over both ends of a pair of streams. */
function pairOver(makeStreams: () => Promise<[Duplex, Duplex]>): MakeTransportPair {
  return async (factoryA, factoryB, options) => {
    const [a, b] = await makeStreams();
    return [
      await connectNodeStream(factoryA, a, options),
      await connectNodeStream(factoryB, b, options),
    ];
  };
}

/** A pair in memory. Deno's does not tell one side that the other was destroyed. */
// deno-lint-ignore require-await -- as other makers of streams
async function memoryPair(): Promise<[Duplex, Duplex]> {
  const [a, b] = duplexPair();
  a.on("close", () => void b.destroy());
  b.on("close", () => void a.destroy());
  return [a, b];
}

/** Both ends of a connection of node:net. */
async function socketPair(): Promise<[Duplex, Duplex]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const [[accepted], client] = await Promise.all([
    once(server, "connection") as Promise<[Socket]>,
    new Promise<Socket>((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => resolve(socket));
    }),
  ]);
  server.close();
  return [client, accepted];
}

/** Compresses what goes over a pair in memory. */
async function zippedPair(): Promise<[Duplex, Duplex]> {
  const [a, b] = await memoryPair();
  return [zipped(a), zipped(b)];
}

function zipped(inner: Duplex): Duplex {
  // Without compression: what the battery sends to a peer that does not read must not fit.
  const zip = createGzip({ level: 0, flush: constants.Z_SYNC_FLUSH });
  const unzip = createGunzip();
  zip.pipe(inner).pipe(unzip);
  const outer = Duplex.from({ writable: zip, readable: unzip });
  inner.on("close", () => unzip.end());
  // Where all was taken, the pipe still passes it on.
  return outer.on("close", () => void (outer.writableFinished || inner.destroy()));
}

/** Both ways at once: transports over streams over transports. */
async function bridgedPair(): Promise<[Duplex, Duplex]> {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const options = { allowHalfOpen: true };
  return [toNodeStream(a.transport, options), toNodeStream(b.transport, options)];
}

testTransport(pairOver(bridgedPair), { name: "toNodeStream()" });
testTransport(pairOver(memoryPair), sampled("duplexPair"));
testTransport(pairOver(socketPair), { name: "net.Socket" });
testTransport(pairOver(zippedPair), sampled("zlib pipeline"));
