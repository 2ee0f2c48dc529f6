/** Every server that is measured, in the order of the tables. */

import type { Runtime } from "./harness/runtimes.ts";

/** The protocol of a server. Ratios are taken to the first server of the same kind. */
export type Kind = "plain" | "tls" | "redis" | "datagrams" | "relay";

/**
 * A server that can be measured. Its program listens on a free port of 127.0.0.1 and prints one
 * line that ends with `:PORT` as soon as it accepts.
 */
export interface ServerProgram {
  /** Its name on the command line. */
  readonly name: string;
  /** Its name in tables. */
  readonly label: string;
  /** The program that runs it. */
  readonly runtime: Runtime;
  /** Its protocol. */
  readonly kind: Kind;
  /** The file in servers/ and its arguments. */
  readonly program: readonly string[];
}

/** The servers of each kind: name, name in tables, runtime, file in servers/ and arguments. */
const TABLES: Readonly<Record<Kind, string>> = {
  plain: `
  deno-raw              | Deno raw loop                               | deno       | deno.ts raw
  deno-owned            | Deno raw loop, chunks of their own          | deno       | deno.ts owned
  sluice-protocol       | Sluice Protocol                             | sluice     | sluice.ts protocol
  sluice-lent           | Sluice Protocol, chunks lent                | sluice     | sluice.ts lent
  sluice-transfer       | Sluice Protocol, chunks given away          | sluice     | sluice.ts transfer
  sluice-buffered       | Sluice BufferedProtocol                     | sluice     | sluice.ts buffered
  sluice-streams        | Sluice reader/writer                        | sluice     | sluice.ts streams
  sluice-web            | Sluice Web pair                             | sluice     | sluice.ts web
  sluice-node-protocol  | Sluice Protocol, nodeNetwork                | sluice     | sluice.ts protocol node
  sluice-node-streams   | Sluice reader/writer, nodeNetwork           | sluice     | sluice.ts streams node
  sluice-epoll-protocol | Sluice Protocol, epollNetwork               | sluice-ffi | sluice.ts protocol epoll
  sluice-epoll-lent     | Sluice Protocol, chunks lent, epollNetwork  | sluice-ffi | sluice.ts lent epoll
  sluice-epoll-streams  | Sluice reader/writer, epollNetwork          | sluice-ffi | sluice.ts streams epoll
  sluice-layer          | Sluice Protocol on a layer                  | sluice     | sluice.ts layer
  sluice-capture        | Sluice Protocol, captured                   | sluice     | sluice.ts capture
  deno-pipe             | Deno readable.pipeTo                        | deno       | deno.ts pipe
  deno-node-net         | node:net on Deno                            | deno       | node.mjs
  node                  | Node net                                    | node       | node.mjs
  bun                   | Bun.listen                                  | bun        | bun.ts
  asyncio-protocol      | asyncio Protocol                            | python     | asyncio_echo.py protocol
  asyncio-streams       | asyncio streams                             | python     | asyncio_echo.py streams
  uvloop-protocol       | uvloop Protocol                             | uvloop     | asyncio_echo.py protocol uvloop
  uvloop-streams        | uvloop streams                              | uvloop     | asyncio_echo.py streams uvloop
  c-epoll               | C epoll                                     | cc         | c_epoll.c`,
  tls: `
  tls-deno-raw          | Deno raw loop, TLS                          | deno       | deno.ts tls
  tls-sluice-native     | Sluice TLS, native engine                   | sluice     | sluice.ts tls-native
  tls-sluice-layer      | Sluice TLS, layer engine                    | sluice     | sluice.ts tls-layer
  tls-sluice-node       | Sluice TLS, nodeNetwork                     | sluice     | sluice.ts tls node
  tls-sluice-epoll      | Sluice TLS, epollNetwork                    | sluice-ffi | sluice.ts tls epoll
  tls-deno-node         | node:tls on Deno                            | deno       | node.mjs tls
  tls-node              | Node tls                                    | node       | node.mjs tls`,
  redis: `
  redis                 | Redis                                       | redis      | redis_server.sh
  redis-sluice          | Sluice examples/redis                       | sluice     | ../../examples/redis/server.ts --port 0`,
  datagrams: `
  udp-deno              | Deno.listenDatagram, one buffer             | deno-net   | datagrams.ts native
  udp-sluice            | Sluice DatagramProtocol                     | sluice     | datagrams.ts protocol
  udp-sluice-net        | Sluice DatagramProtocol, --unstable-net     | sluice-net | datagrams.ts protocol
  udp-sluice-socket     | Sluice DatagramSocket                       | sluice     | datagrams.ts socket
  udp-sluice-socket-net | Sluice DatagramSocket, --unstable-net       | sluice-net | datagrams.ts socket
  udp-sluice-epoll      | Sluice DatagramProtocol, epollNetwork       | sluice-ffi | datagrams.ts epoll
  udp-sluice-epoll-lent | Sluice DatagramProtocol, lent, epollNetwork | sluice-ffi | datagrams.ts epoll-lent
  udp-deno-dgram        | node:dgram on Deno                          | deno       | datagrams.mjs
  udp-deno-dgram-small  | node:dgram on Deno, 1 KiB buffers           | deno       | datagrams.mjs small
  udp-node              | Node dgram                                  | node       | datagrams.mjs
  udp-bun               | Bun.udpSocket                               | bun        | bun_datagrams.ts
  udp-asyncio           | asyncio DatagramProtocol                    | python     | asyncio_datagrams.py
  udp-uvloop            | uvloop DatagramProtocol                     | uvloop     | asyncio_datagrams.py uvloop`,
  relay: `
  relay-raw             | Two raw loops                               | sluice     | relay.ts raw
  relay-sluice          | Sluice relay                                | sluice     | relay.ts sluice
  relay-sluice-epoll    | Sluice relay, epollNetwork                  | sluice-ffi | relay.ts epoll`,
};

function serversOf(kind: Kind): ServerProgram[] {
  return TABLES[kind].trim().split("\n").map((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const [name = "", label = "", runtime, program = ""] = cells;
    return { name, label, runtime: runtime as Runtime, kind, program: program.split(" ") };
  });
}

/** The servers. */
export const SERVERS: readonly ServerProgram[] = (Object.keys(TABLES) as Kind[]).flatMap(serversOf);
