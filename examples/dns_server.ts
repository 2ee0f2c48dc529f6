/**
 * A small DNS server: answers for the names in a table, over UDP and over TCP.
 *
 * An answer that is too long for UDP comes cut short, and the client asks again over TCP, where
 * each message has its length in front. Ask it with `dig @127.0.0.1 -p 5353 example.test`, or for
 * `AAAA`, `TXT`, and `many.example.test`, whose answer is long.
 *
 *     deno run --allow-net examples/dns_server.ts --port 5353
 *     deno task example dns_server --port 5353
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import {
  createDatagramEndpoint,
  type DatagramTransport,
  framed,
  idleTimeout,
  lengthFieldCodec,
  type Server,
  startServer,
  type StreamConnection,
} from "@sluice/net";
import { serveDatagrams } from "./_datagrams.ts";
import { answerQuery, type DnsZone } from "./_dns_answer.ts";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

const ZONE: DnsZone = {
  name: "example.test",
  records: {
    "example.test": { A: ["192.0.2.1"], AAAA: ["2001:db8::1"], TXT: ["a small zone"] },
    "www.example.test": { A: ["192.0.2.2", "192.0.2.3"] },
    "many.example.test": { A: Array.from({ length: 100 }, (_one, index) => `192.0.2.${index}`) },
    "long.example.test": { TXT: Array.from({ length: 8 }, (_one, i) => `${i}`.repeat(200)) },
  },
};

interface Place {
  readonly hostname?: string;
  readonly port: number;
}

/** A query is short; 64 KiB would be the most that its length can say. */
const MAX_QUERY_SIZE = 4096;
/** How long a TCP client may be silent, in milliseconds. */
const TCP_IDLE_MS = 10_000;

/** How often a port that is free for UDP may be taken for TCP, where any port will do. */
const MAX_TRIES = 10;

async function answerOverTcp(connection: StreamConnection): Promise<void> {
  const codec = lengthFieldCodec({ lengthBytes: 2, maxLength: MAX_QUERY_SIZE });
  const messages = framed(connection, codec);
  for await (const message of messages) {
    const answer = answerQuery(ZONE, message, "tcp");
    if (answer === null) return;
    await messages.send(answer);
  }
}

async function serveUdp(localAddr: Place): Promise<DatagramTransport> {
  const { transport } = await createDatagramEndpoint(() => ({
    datagramReceived(query, address): void {
      const answer = answerQuery(ZONE, query, "udp");
      if (answer !== null) transport.sendto(answer, address);
    },
  }), { localAddr, maxDatagramSize: MAX_QUERY_SIZE });
  return transport;
}

function serveTcp(place: Place): Promise<Server> {
  return startServer(answerOverTcp, {
    ...place,
    maxConnections: 100,
    layers: [idleTimeout({ timeout: TCP_IDLE_MS })],
    // Mistakes of clients are not worth a line each.
    onError: () => {},
  });
}

/** Serves both on one port. */
async function serve(place: Place): Promise<readonly [DatagramTransport, Server]> {
  for (let tries = 1;; tries++) {
    const transport = await serveUdp(place);
    try {
      return [transport, await serveTcp({ ...place, port: transport.port })];
    } catch (error) {
      await transport[Symbol.asyncDispose]();
      const isTaken = error instanceof Deno.errors.AddrInUse && place.port === 0;
      if (!isTaken || tries === MAX_TRIES) throw error;
    }
  }
}

await runProgram(async () => {
  const { hostname, port } = listenFlags(5353);
  const [transport, server] = await serve(readFlags({ hostname, port }));
  await using _server = server;
  await serveDatagrams(transport);
});
