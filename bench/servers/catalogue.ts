/** Every server there is, in the order of the tables. */

import type { ServerProgram } from "../harness/server_program.ts";

/** The servers; the first is the one that ratios are taken to. */
export const SERVERS: readonly ServerProgram[] = [
  {
    name: "deno-raw",
    label: "Deno raw loop",
    runtime: "deno",
    roles: {
      echo: ["deno_raw.ts"],
      lines: ["deno_raw.ts", "--lines"],
      zlib: ["deno_zlib.ts"],
      tls: ["deno_tls.ts"],
    },
  },
  {
    name: "sluice-protocol",
    label: "Sluice Protocol",
    runtime: "sluice",
    roles: { echo: ["sluice_protocol.ts"] },
  },
  {
    name: "sluice-layer",
    label: "Sluice on a layer",
    runtime: "sluice",
    roles: { echo: ["sluice_layer.ts"], zlib: ["sluice_compression.ts"] },
  },
  {
    name: "sluice-capture",
    label: "Sluice under capture",
    runtime: "sluice",
    roles: { echo: ["sluice_capture.ts"] },
  },
  {
    name: "sluice-buffered",
    label: "Sluice BufferedProtocol",
    runtime: "sluice",
    roles: { echo: ["sluice_buffered.ts"] },
  },
  {
    name: "sluice-streams",
    label: "Sluice streams",
    runtime: "sluice",
    roles: { echo: ["sluice_streams.ts"], lines: ["sluice_lines.ts"] },
  },
  {
    name: "sluice-web",
    label: "Sluice Web pair",
    runtime: "sluice",
    roles: { echo: ["sluice_web.ts"] },
  },
  {
    name: "sluice-tls-native",
    label: "Sluice TLS (native)",
    runtime: "sluice",
    roles: { tls: ["sluice_tls.ts", "--native"] },
  },
  {
    name: "sluice-tls-layer",
    label: "Sluice TLS (layer)",
    runtime: "sluice",
    roles: { tls: ["sluice_tls.ts", "--layer"] },
  },
  {
    name: "std-streams",
    label: "@std/streams",
    runtime: "std",
    roles: { codecs: ["std_streams.ts"] },
  },
  {
    name: "sluice-codecs",
    label: "Sluice codecs",
    runtime: "sluice",
    roles: { codecs: ["sluice_codecs.ts"] },
  },
  {
    name: "sluice-decoder-streams",
    label: "Sluice decoderStream",
    runtime: "sluice",
    roles: { codecs: ["sluice_decoder_streams.ts"] },
  },
  {
    name: "redis-server",
    label: "Redis",
    runtime: "redis",
    roles: { redis: ["redis_server.sh"] },
  },
  {
    name: "sluice-redis",
    label: "Sluice examples/redis",
    runtime: "sluice",
    roles: { redis: ["../../examples/redis/server.ts", "--port", "0"] },
  },
  {
    name: "deno-pipe",
    label: "Deno readable.pipeTo",
    runtime: "deno",
    roles: { echo: ["deno_pipe.ts"] },
  },
  {
    name: "deno-node-net",
    label: "node:net on Deno",
    runtime: "deno",
    roles: { echo: ["node_net.mjs"], lines: ["node_net.mjs", "--lines"] },
  },
  {
    name: "deno-node-tls",
    label: "node:tls on Deno",
    runtime: "deno",
    roles: { tls: ["node_tls.mjs"] },
  },
  {
    name: "node",
    label: "Node net",
    runtime: "node",
    roles: { echo: ["node_net.mjs"], lines: ["node_net.mjs", "--lines"] },
  },
  {
    name: "node-tls",
    label: "Node tls",
    runtime: "node",
    roles: { tls: ["node_tls.mjs"] },
  },
  {
    name: "bun",
    label: "Bun.listen",
    runtime: "bun",
    roles: { echo: ["bun_listen.ts"], lines: ["bun_listen.ts", "--lines"] },
  },
  {
    name: "asyncio-protocol",
    label: "asyncio Protocol",
    runtime: "python",
    roles: { echo: ["asyncio_protocol.py"] },
  },
  {
    name: "asyncio-streams",
    label: "asyncio streams",
    runtime: "python",
    roles: { echo: ["asyncio_streams.py"], lines: ["asyncio_streams.py", "--lines"] },
  },
  {
    name: "uvloop-protocol",
    label: "uvloop Protocol",
    runtime: "uvloop",
    roles: { echo: ["asyncio_protocol.py", "--uvloop"] },
  },
  {
    name: "uvloop-streams",
    label: "uvloop streams",
    runtime: "uvloop",
    roles: {
      echo: ["asyncio_streams.py", "--uvloop"],
      lines: ["asyncio_streams.py", "--lines", "--uvloop"],
    },
  },
  {
    name: "c-epoll",
    label: "C epoll",
    runtime: "cc",
    roles: { echo: ["c_epoll.c"] },
  },
];
