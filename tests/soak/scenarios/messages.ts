/**
 * One port takes three protocols, which the server tells apart by their first bytes; and numbered
 * messages travel in datagrams, each until it is answered.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  type Codec,
  lengthFieldCodec,
  openConnection,
  openDatagrams,
  startServer,
} from "@sluice/net";
import { framedDatagrams, sniff } from "@sluice/net/streams";
import { localhost } from "../../support/certificates/certificates.ts";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const CLIENTS = 6;
const LIMIT = { timeout: 20_000 };

async function serveThree(): Promise<void> {
  await using server = await startServer((connection) =>
    sniff(connection, {
      http: async ({ reader, writer }) => {
        assertEquals(await reader.readline({ as: "text" }), "GET / HTTP/1.1\r\n");
        writer.write("http\n");
      },
      tls: async ({ reader, writer }) => {
        await writer.startTls({ ...localhost, serverSide: true, handshakeTimeout: 20_000 });
        writer.write(`tls ${await reader.readline({ as: "text", ...LIMIT })}`);
      },
      other: async ({ reader, writer }) => {
        writer.write(`other ${await reader.readline({ as: "text", ...LIMIT })}`);
      },
    }, LIMIT), { hostname: "0.0.0.0", port: 7, onError: failOnAssertion });
  await server.serveForever();
}

const REQUESTS = [
  ["GET / HTTP/1.1\r\n\r\n", false, "http\n"],
  ["hello\n", true, "tls hello\n"],
  ["hello\n", false, "other hello\n"],
] as const;

/** Sends one of the requests; tells whether the whole answer came. */
async function request(index: number): Promise<boolean> {
  const [sent, isSecure, expected] = REQUESTS[index % REQUESTS.length] ?? REQUESTS[0];
  await pause(Math.random() * 1000);
  await using connection = await openConnection({
    hostname: "server",
    port: 7,
    connectTimeout: 10_000,
    ...(isSecure && { tls: { rejectUnauthorized: false, handshakeTimeout: 20_000 } }),
  });
  try {
    connection.writer.write(sent);
    const line = await connection.reader.readline({ as: "text", ...LIMIT });
    assert(expected.startsWith(line), line);
    return line === expected;
  } catch (error) {
    failOnAssertion(error);
    connection.transport.abort();
    return false;
  }
}

function sniffing(name: string, runs: number, hasChaos: boolean): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [1, 40],
      loss: 0.01,
      segmentSize: [1, 300],
      chaos: hasChaos && { interval: 100, duration: 2000, until: 2500 },
    },
    async main(world): Promise<void> {
      world.host("server", serveThree);
      const answers = Array.from(
        { length: CLIENTS },
        (_, index) => world.client(`client${index}`, () => request(index).catch(failOnAssertion)),
      );
      const outcomes = await Promise.all(answers);
      if (!hasChaos) assertEquals(new Set(outcomes), new Set([true]));
    },
  };
}

const COUNT = 40;
const codec = (): Codec<Uint8Array> => lengthFieldCodec({ lengthBytes: 2 });

/** A message says how long it is, by its bytes. */
function numbered(number: number): Uint8Array {
  return new Uint8Array(1 + number * 20).fill(number);
}

async function answerMessages(seen: Set<number>): Promise<void> {
  const socket = await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 9 } });
  await using messages = framedDatagrams(socket, codec);
  for await (const { message, address } of messages) {
    const number = message[0] ?? 0;
    assertEquals(message, numbered(number));
    seen.add(number);
    await messages.send(message, address);
  }
}

/** Sends from `first` on, until the socket fails; returns how many are answered. */
async function sendMessages(first: number): Promise<number> {
  let number = first;
  try {
    const socket = await openDatagrams({ remoteAddr: { hostname: "server", port: 9 } });
    await using messages = framedDatagrams(socket, codec);
    while (number < COUNT) {
      await messages.send(numbered(number));
      const answer = await messages.receive({ timeout: 300 }).catch(ignoreTimeout);
      if (answer === undefined) continue;
      const got = answer.message[0] ?? 0;
      assertEquals(answer.message, numbered(got));
      if (got === number) number++;
    }
  } catch (error) {
    failOnAssertion(error);
    await pause(200);
  }
  return number;
}

function ignoreTimeout(error: Error): undefined {
  if (error.name !== "TimeoutError") throw error;
}

/** The scenarios. */
export const messages: readonly Scenario[] = [
  sniffing("sniff() tells apart what comes to one port", 16, false),
  sniffing("sniff() hangs for no client of a bad network", 24, true),
  {
    name: "framedDatagrams() loses no part of a message",
    runs: 30,
    options: {
      latency: [1, 80],
      loss: 0.2,
      duplication: 0.2,
      reordering: 0.3,
      chaos: { interval: 500, until: 10_000 },
    },
    async main(world): Promise<void> {
      const seen = new Set<number>();
      world.host("server", () => answerMessages(seen));
      await world.client("client", async () => {
        for (let answered = 0; answered < COUNT;) answered = await sendMessages(answered);
      });
      assertEquals(seen.size, COUNT);
    },
  },
];
