/** Whole programs over the library, with the clients that they are for. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openConnection, startServer, type StreamConnection } from "@sluice/net";
import { proxyProtocol } from "@sluice/net/layers";
import { RealRedis } from "../examples/redis/redis_servers.ts";
import { ReplacedClock } from "../support/time/replaced_clock.ts";
import { testWith } from "../support/peers/outside_peer.ts";
import { serveBalancer } from "./balancer.ts";
import { serveChat } from "./chat.ts";
import { serveMemcached } from "./memcached.ts";
import { matches, serveMqtt } from "./mqtt_broker.ts";
import { RedisClient, RedisError } from "./redis_client.ts";
import { localhost, trusting } from "../support/certificates/certificates.ts";

async function lines({ reader }: StreamConnection, count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) {
    all.push((await reader.readline({ as: "text", timeout: 20_000 })).trimEnd());
  }
  return all;
}

Deno.test("memcached stores, counts and expires, in order, and without replies for noreply", async () => {
  await using server = await serveMemcached(0);
  await using client = await openConnection({ port: server.port, limit: 2_000_000 });
  client.writer.write("set a 7 0 5\r\nhello\r\nget a\r\nset n 0 0 1 noreply\r\n9\r\nincr n 2\r\n");
  assertEquals(await lines(client, 5), ["STORED", "VALUE a 7 5", "hello", "END", "11"]);
  client.writer.write(
    "append a 0 0 1\r\n!\r\nadd a 0 0 1\r\nx\r\ngets a nothing\r\ndelete a\r\nget a\r\n",
  );
  assertEquals(await lines(client, 7), [
    "STORED",
    "NOT_STORED",
    "VALUE a 7 6 4",
    "hello!",
    "END",
    "DELETED",
    "END",
  ]);
  client.writer.write("set bad 0 0 2\r\nlong\r\n");
  assertEquals(await lines(client, 1), ["CLIENT_ERROR bad data chunk"]);
  client.writer.write("get a\r\n".repeat(10_000));
  assertEquals(new Set(await lines(client, 10_000)), new Set(["END"]));
});

Deno.test("memcached accepts a value of 1 MiB, skips a larger one, and disconnects at an endless line", async () => {
  await using server = await serveMemcached(0);
  await using client = await openConnection({ port: server.port, limit: 2_000_000 });
  const value = "v".repeat(1_048_576);
  client.writer.write(`set big 0 0 ${value.length}\r\n${value}\r\n`);
  client.writer.write(`set bigger 0 0 ${value.length + 1}\r\n${value}x\r\nget big\r\n`);
  const [stored, refused, head, got] = await lines(client, 5);
  assertEquals([stored, refused], ["STORED", "SERVER_ERROR object too large for cache"]);
  assertEquals([head, got === value], [`VALUE big 0 ${value.length}`, true]);
  client.writer.write("x".repeat(5000));
  assertEquals(await lines(client, 1), ["CLIENT_ERROR line too long"]);
  assertEquals((await client.reader.read()).length, 0);
});

Deno.test("The chat forwards lines, asks silent users, and disconnects them", async () => {
  using clock = new ReplacedClock();
  await using server = await serveChat(0, 30_000);
  await using ada = await openConnection({ port: server.port });
  await using bob = await openConnection({ port: server.port });
  ada.writer.write("ada\n");
  assertEquals(await lines(ada, 2), ["your name?", "here: nobody"]);
  bob.writer.write("ada\nbob\nhello\n");
  assertEquals(await lines(bob, 3), ["your name?", "taken, another one?", "here: ada"]);
  assertEquals(await lines(ada, 2), ["* bob came", "bob: hello"]);
  clock.advance(30_000);
  assertEquals(await lines(ada, 1), ["PING"]);
  clock.advance(30_000);
  assertEquals(await lines(ada, 1), ["you said nothing"]);
  await ada.reader.ended;
});

Deno.test("The balancer forwards clients, tells the backends their addresses, and skips a backend that is down", async () => {
  const make = (name: string) =>
    startServer(async ({ reader, writer, transport }) => {
      const source = transport.getExtraInfo("proxyHeader")?.source;
      writer.write(`${name} ${source !== null} ${await reader.readline({ as: "text" })}`);
    }, { port: 0, layers: [proxyProtocol()] });
  const [a, b] = [await make("a"), await make("b")];
  const options = { port: 0, backends: [a.port, b.port], tls: localhost, checkEvery: 600_000 };
  await using strict = await serveBalancer({ ...options, maxPerClient: 2 });
  await using server = await serveBalancer({ ...options, maxPerClient: 10 });
  const open = ({ port } = server) => openConnection({ port, tls: trusting });
  const [one, two] = [await open(strict), await open(strict)];
  await assertRejects(() => open(strict));
  for (const client of [one, two]) client.writer.write("hi\n");
  const answers = [...await lines(one, 1), ...await lines(two, 1)];
  assertEquals(answers.sort(), ["a true hi", "b true hi"]);
  for (const client of [one, two]) {
    await client.reader.read();
    await client.close();
  }
  await a.shutdown();
  for (let i = 0; i < 3; i++) {
    const client = await open();
    client.writer.write("again\n");
    assertEquals(await lines(client, 1), ["b true again"]);
    await client.reader.read();
    await client.close();
  }
  await b.shutdown();
});

const CONNECT = (
  id: string,
  keepAlive = 0,
) => [
  0x10,
  12 + id.length,
  0,
  4,
  77,
  81,
  84,
  84,
  4,
  2,
  0,
  keepAlive,
  0,
  id.length,
  ...id.split("").map((c) => c.charCodeAt(0)),
];

Deno.test("The broker forwards messages by wildcards, keeps retained ones, and confirms", async () => {
  await using server = await serveMqtt(0);
  await using one = await openConnection({ port: server.port });
  await using two = await openConnection({ port: server.port });
  one.writer.write(new Uint8Array(CONNECT("one")));
  assertEquals([...await one.reader.readexactly(4)], [0x20, 2, 0, 0]);
  // a/+ with QoS 1; then a message to a/b with QoS 1, retained.
  one.writer.write(new Uint8Array([0x82, 8, 0, 1, 0, 3, 97, 47, 43, 1]));
  assertEquals([...await one.reader.readexactly(5)], [0x90, 3, 0, 1, 1]);
  two.writer.write(new Uint8Array([...CONNECT("two"), 0x33, 9, 0, 3, 97, 47, 98, 0, 7, 104, 105]));
  assertEquals([...await two.reader.readexactly(8)], [0x20, 2, 0, 0, 0x40, 2, 0, 7]);
  assertEquals([...await one.reader.readexactly(11)], [0x32, 9, 0, 3, 97, 47, 98, 0, 1, 104, 105]);
  // Retained, for one that asks later; a ping; MQTT 5 is refused.
  two.writer.write(new Uint8Array([0x82, 6, 0, 2, 0, 1, 35, 0, 0xc0, 0]));
  assertEquals([...await two.reader.readexactly(16)], [
    0x90,
    3,
    0,
    2,
    0,
    0x31,
    7,
    0,
    3,
    97,
    47,
    98,
    104,
    105,
    0xd0,
    0,
  ]);
  await using five = await openConnection({ port: server.port });
  five.writer.write(new Uint8Array([0x10, 12, 0, 4, 77, 81, 84, 84, 5, 2, 0, 0, 0, 0]));
  assertEquals([...await five.reader.read(-1)], [0x20, 3, 0, 0x84, 0]);
  assert(matches("a/#", "a") && matches("+/b", "a/b") && !matches("a/+", "a/b/c"));
  server.closeClients();
});

testWith(
  "redis-server",
  "The Redis client pipelines, reports errors, and reconnects",
  async () => {
    await using redis = await RealRedis.start();
    await using client = new RedisClient({ port: redis.port, timeout: 20_000, maxPause: 100 });
    const replies = await Promise.all([
      client.send("set", "key", "größer"),
      client.send("get", "key"),
      client.send("incrby", "n", 5),
      client.send("lrange", "none", 0, -1),
      client.send("get", "nothing"),
    ]);
    assertEquals(replies, ["OK", "größer", 5, [], null]);
    await assertRejects(() => client.send("incr", "key"), RedisError, "not an integer");
    assertEquals(await client.send("client", "kill", "skipme", "no", "type", "normal"), 1);
    // The loss is told to a command that was sent before it was known.
    const again = await client.send("get", "key").catch(() => client.send("get", "key"));
    assertEquals(again, "größer");
  },
);
