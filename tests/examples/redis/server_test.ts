import { framed, openConnection } from "@sluice/net";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RespCodec, RespError, type RespValue } from "../../../examples/redis/resp.ts";
import { runExample, startExample, testWithSignals } from "../run_example.ts";
import { testWith } from "../../support/peers/outside_peer.ts";
import { RealRedis, RedisPair } from "./redis_servers.ts";

/** Runs a program to its end; returns what it printed. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" })
    .output();
  return new TextDecoder().decode(stdout);
}

Deno.test("redis/server passes on published messages, in both versions of the protocol", async () => {
  await using pair = await RedisPair.start();
  const heard: (readonly RespValue[])[] = [];
  const third = Promise.withResolvers<void>();
  await using subscriber = await pair.connect();
  subscriber.onPush = (values) => {
    if (heard.push(values) === 3) third.resolve();
  };
  assertEquals(await subscriber.command("SUBSCRIBE", "news"), ["subscribe", "news", 1]);
  assertEquals(await subscriber.command("PSUBSCRIBE", "n*"), ["psubscribe", "n*", 2]);
  await using old = framed(await openConnection({ port: pair.server.port }), new RespCodec());
  await old.send(["SUBSCRIBE", "news", "other"]);
  assertEquals(await old.receive(), ["subscribe", "news", 1]);
  assertEquals(await old.receive(), ["subscribe", "other", 2]);
  assertEquals(await pair.client.command("PUBSUB", "NUMSUB", "news"), ["news", 2]);
  assertEquals(await pair.client.command("PUBSUB", "NUMPAT"), 1);
  assertEquals(await pair.client.command("PUBSUB", "CHANNELS"), ["news", "other"]);

  assertEquals(await pair.client.command("PUBLISH", "news", "one"), 3);
  assertEquals(await pair.client.command("PUBLISH", "nothing", "two"), 1);
  await third.promise;
  assertEquals(heard, [
    ["message", "news", "one"],
    ["pmessage", "n*", "news", "one"],
    ["pmessage", "n*", "nothing", "two"],
  ]);
  assertEquals(await old.receive(), ["message", "news", "one"]);
  // In version 2 nothing else may be asked meanwhile, in version 3 everything.
  await old.send(["GET", "a"]);
  assert(await old.receive() instanceof RespError);
  assertEquals(await subscriber.command("GET", "a"), null);
  await old.send(["UNSUBSCRIBE"]);
  assertEquals(await old.receive(), ["unsubscribe", "news", 1]);
  assertEquals(await old.receive(), ["unsubscribe", "other", 0]);
  await old.send(["GET", "a"]);
  assertEquals(await old.receive(), null);
});

Deno.test("redis/server forgets the subscriptions of a client that has gone", async () => {
  await using pair = await RedisPair.start();
  const before = new Set(pair.server.connections);
  const subscriber = await pair.connect();
  await subscriber.command("SUBSCRIBE", "news");
  const [connection] = pair.server.connections.difference(before);
  await subscriber[Symbol.asyncDispose]();
  await connection?.closed;
  assertEquals(pair.redis.pubSub.channels("*"), []);
  assertEquals(await pair.client.command("PUBLISH", "news", "one"), 0);
});

Deno.test("redis/server answers commands in pipelines of any size, in order", async () => {
  await using pair = await RedisPair.start();
  const answers = Array.from({ length: 5000 }, () => pair.client.command("INCR", "n"));
  assertEquals(await Promise.all(answers), Array.from({ length: 5000 }, (_, i) => i + 1));
});

Deno.test("redis/server takes commands as people type them", async () => {
  await using pair = await RedisPair.start();
  await using client = await openConnection({ port: pair.server.port });
  client.writer.write('SET a "b c"\r\n\r\nGET a\nQUIT\nGET a\n');
  assertEquals(new TextDecoder().decode(await client.reader.read()), "+OK\r\n$3\r\nb c\r\n+OK\r\n");
});

Deno.test("redis/server keeps a client that does not read from filling its memory", async () => {
  await using pair = await RedisPair.start();
  await pair.client.command("SET", "large", "x".repeat(100_000));
  await using client = await openConnection({ port: pair.server.port });
  client.transport.pauseReading();
  client.writer.write("GET large\r\n".repeat(500));
  // Commands of others are answered meanwhile.
  let most = 0;
  for (let i = 0; i < 200; i++) {
    await pair.client.command("PING");
    const waiting = [...pair.server.connections].map((transport) => transport.getWriteBufferSize());
    most = Math.max(most, ...waiting);
  }
  assert(most < 1_000_000, `${most} bytes wait for one client`);
  client.transport.resumeReading();
  const answer = "$100000\r\n".length + 100_002;
  assertEquals((await client.reader.readexactly(500 * answer)).length, 500 * answer);
});

testWithSignals("redis/client shows a tour of redis/server", async () => {
  await using server = startExample("redis/server", ["--port", "0"]);
  const port = String(await server.port());
  const { code, stdout, stderr } = await runExample("redis/client", ["--port", port]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout, [
    "SET greeting hello EX 60 -> OK",
    "GET greeting -> hello",
    "TTL greeting -> 60",
    "INCRBY visits 3 -> 3",
    "RPUSH queue first second -> 2",
    "LRANGE queue 0 -1 -> first, second",
    "HSET ada born 1815 -> 1",
    "HGETALL ada -> born: 1815",
    "PUBLISH news all is well -> 1",
    "DEL greeting visits queue ada -> 4",
    "heard: message, news, all is well",
  ]);
  const one = await runExample("redis/client", ["--port", port, "--command", "GET greeting"]);
  assertEquals([one.code, one.stdout], [0, ["null"]]);
  const bad = await runExample("redis/client", ["--port", port, "--command", "NOSUCH"]);
  assertEquals([bad.code, bad.stderr], [1, [
    "redis/client: ERR unknown command 'NOSUCH', with args beginning with: ",
  ]]);
  const outcome = await server.stop("SIGTERM");
  assertEquals([outcome.code, outcome.stderr], [0, []]);
});

testWith("redis-server", "redis/client talks to the real Redis", async () => {
  await using redis = await RealRedis.start();
  const { code, stdout, stderr } = await runExample("redis/client", ["--port", String(redis.port)]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout.length, 11);
  assertEquals(stdout.at(-1), "heard: message, news, all is well");
});

testWith(
  "redis-cli",
  "redis-cli talks to redis/server, in both versions of the protocol",
  async () => {
    await using server = startExample("redis/server", ["--port", "0"]);
    const port = String(await server.port());
    const cli = (...args: string[]) => run("redis-cli", "-p", port, ...args);
    assertEquals(await cli("SET", "greeting", "hello"), "OK\n");
    assertEquals(await cli("GET", "greeting"), "hello\n");
    assertEquals(await cli("HSET", "h", "a", "1", "b", "2"), "2\n");
    assertEquals(await cli("-3", "HGETALL", "h"), "a 1\nb 2\n");
    assertEquals(await cli("HGETALL", "h"), "a\n1\nb\n2\n");
    assertMatch(await cli("INFO", "server"), /redis_version:/);
    assertMatch(await cli("--scan", "--pattern", "g*"), /^greeting\n$/);
    assertEquals(await cli("--no-raw", "GET", "none"), "(nil)\n");
  },
);

testWith("redis-benchmark", "redis-benchmark runs against redis/server", async () => {
  await using server = startExample("redis/server", ["--port", "0"]);
  const port = String(await server.port());
  const tests = "ping,set,get,incr,lpush,rpush,lpop,rpop,hset,lrange_100,mset";
  const args = ["-p", port, "-t", tests, "-n", "2000", "-c", "20", "-P", "8", "--csv"];
  const printed = await run("redis-benchmark", ...args);
  const rows = printed.trim().split("\n").slice(1);
  assertEquals(rows.length, 13, printed);
  for (const row of rows) assertMatch(row, /^"[^"]+","\d+\.\d+"/);
});
