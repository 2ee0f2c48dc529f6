/**
 * The answers of redis/server to bytes that are no commands, beside the real Redis's.
 *
 * @module
 */
import { openConnection } from "@sluice/net";
import { assertEquals } from "@std/assert";
import { testWith } from "../../support/peers/outside_peer.ts";
import { sendOn } from "../../support/peers/late_sender.ts";
import { decode } from "../../support/text.ts";
import { RealRedis, RedisPair } from "./redis_servers.ts";

const PING = "*1\r\n$4\r\nPING\r\n";

function failure(reason: string): string {
  return `-ERR Protocol error: ${reason}\r\n`;
}

/**
 * Bytes, and the whole answer to them with a PING after them. Where that ends with an error the
 * connection ends after it, so the PING is not answered.
 */
const EXCHANGES: [bytes: string, answer: string][] = [
  ["*1\r\n:5\r\n", failure("expected '$', got ':'")],
  ["*1\r\n+PING\r\n", failure("expected '$', got '+'")],
  ["*1\r\n*1\r\n$4\r\nPING\r\n", failure("expected '$', got '*'")],
  ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n:5\r\n", failure("expected '$', got ':'")],
  ["*x\r\n", failure("invalid multibulk length")],
  ["*\r\n", failure("invalid multibulk length")],
  ["*+1\r\n", failure("invalid multibulk length")],
  ["*01\r\n", failure("invalid multibulk length")],
  ["*1\n$4\r\n", failure("invalid multibulk length")],
  ["*99999999999\r\n", failure("invalid multibulk length")],
  ["*1\r\n$x\r\n", failure("invalid bulk length")],
  ["*1\r\n$\r\n", failure("invalid bulk length")],
  ["*1\r\n$04\r\nPING\r\n", failure("invalid bulk length")],
  ["*1\r\n$-1\r\n", failure("invalid bulk length")],
  ["*1\r\n$600000000\r\n", failure("invalid bulk length")],
  ['GET "abc\r\n', failure("unbalanced quotes in request")],
  ['GET "a"b\r\n', failure("unbalanced quotes in request")],
  ["GET 'a\r\n", failure("unbalanced quotes in request")],
  // An HTTP request ends the connection without an answer.
  ["POST / HTTP/1.1\r\n", ""],
  ["Host: 127.0.0.1\r\n", ""],
  // These are no errors of the protocol.
  ["*0\r\n", "+PONG\r\n"],
  ["*-1\r\n", "+PONG\r\n"],
  ["\r\n  \r\n", "+PONG\r\n"],
  ["*1\r\n$4\r\nPINGXX", "+PONG\r\n+PONG\r\n"],
  ["PING\nping\r\n", "+PONG\r\n+PONG\r\n+PONG\r\n"],
  ["$4\r\n", "-ERR unknown command '$4', with args beginning with: \r\n+PONG\r\n"],
  ["no such\r\n", "-ERR unknown command 'no', with args beginning with: 'such' \r\n+PONG\r\n"],
  ['ECHO "\\x41\\n\\t\\q\\"\\\\"\r\n', '$6\r\nA\n\tq"\\\r\n+PONG\r\n'],
  ["ECHO 'a\\'b\\n'\r\n", "$5\r\na'b\\n\r\n+PONG\r\n"],
  ['ECHO a"b c"\r\n', "$4\r\nab c\r\n+PONG\r\n"],
  ['ECHO ""\r\n', "$0\r\n\r\n+PONG\r\n"],
  ['ECHO "\\xff"\r\n', "$1\r\n\xff\r\n+PONG\r\n"],
];

/** Lines that are too long, without their end. Anything after them would be left unread. */
const LONG_LINES: [bytes: string, answer: string][] = [
  [`*${"1".repeat(65_600)}`, failure("too big mbulk count string")],
  [`*1\r\n$${"1".repeat(65_600)}`, failure("too big bulk count string")],
  ["x".repeat(65_600), failure("too big inline request")],
];

/** Sends bytes, and reads the answer, up to the end if the connection is to end. */
async function exchange(port: number, bytes: string, answer: string): Promise<string> {
  await using client = await openConnection({ port });
  client.writer.write(bytes);
  const isLost = answer === "" || answer.startsWith("-ERR Protocol");
  const got = isLost
    ? await client.reader.read().catch(() => new Uint8Array())
    : await client.reader.readexactly(answer.length);
  return Array.from(got, (byte) => String.fromCharCode(byte)).join("");
}

async function exchangeAll(port: number): Promise<void> {
  const all = [...EXCHANGES.map(([bytes, answer]) => [bytes + PING, answer]), ...LONG_LINES];
  for (const [bytes = "", answer = ""] of all) {
    assertEquals(await exchange(port, bytes, answer), answer, JSON.stringify(bytes.slice(0, 80)));
  }
}

Deno.test("redis/server ends a connection after a protocol error, and after no other error", async () => {
  await using pair = await RedisPair.start();
  await exchangeAll(pair.server.port);
  assertEquals(await pair.client.command("PING"), "PONG");
});

testWith(
  "redis-server",
  "the real Redis answers as redis/server does to malformed bytes",
  async () => {
    await using redis = await RealRedis.start();
    await exchangeAll(redis.port);
  },
);

Deno.test("redis/server tells a client that sends on why it ends it", async () => {
  await using pair = await RedisPair.start();
  for (const [bytes, answer] of [...LONG_LINES, ["*x\r\n", failure("invalid multibulk length")]]) {
    assertEquals(decode(await sendOn(pair.server.port, `${bytes}`)), answer);
  }
});
