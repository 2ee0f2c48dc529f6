import { assert, assertEquals, assertRejects } from "@std/assert";
import { RedisError } from "../../../examples/redis/client.ts";
import type { RespValue } from "../../../examples/redis/resp.ts";
import { testWith } from "../../support/peers/outside_peer.ts";
import { RealRedis, RedisPair } from "./redis_servers.ts";
import { RedisClient } from "../../../examples/redis/client.ts";

/** A command and its answer; a code stands for an error of it. */
type Exchange = [command: (string | number | Uint8Array)[], answer: RespValue | { code: string }];

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BYTES = new Uint8Array([0xff, 0, 0xfe]);

/** Conversations that the real Redis has in the same way. */
const CONVERSATIONS: Record<string, Exchange[]> = {
  "the connection": [
    [["PING"], "PONG"],
    [["ping", "hello"], "hello"],
    [["ECHO", "ž🌍"], "ž🌍"],
    [["SELECT", 0], "OK"],
    [["SELECT", 99], { code: "ERR" }],
    [["CLIENT", "SETNAME", "me"], "OK"],
    [["CLIENT", "GETNAME"], "me"],
    [["NOSUCH"], { code: "ERR" }],
    [["GET"], { code: "ERR" }],
    [["GET", "a", "b"], { code: "ERR" }],
    [["CONFIG", "GET", "appendonly"], new Map([["appendonly", "no"]])],
  ],
  "strings": [
    [["SET", "a", "1"], "OK"],
    [["GET", "a"], "1"],
    [["GET", "none"], null],
    [["SET", "a", BYTES], "OK"],
    [["GET", "a"], BYTES],
    [["SET", BYTES, "bytes"], "OK"],
    [["GET", BYTES], "bytes"],
    [["STRLEN", "a"], 3],
    [["SET", "a", "2", "NX"], null],
    [["SET", "b", "2", "XX"], null],
    [["SET", "b", "2", "NX"], "OK"],
    [["SET", "b", "3", "GET"], "2"],
    [["SET", "b", "3", "BADWORD"], { code: "ERR" }],
    [["SET", "b", "3", "EX", "0"], { code: "ERR" }],
    [["SET", "b", "3", "EX", "x"], { code: "ERR" }],
    [["SETNX", "c", "4"], 1],
    [["SETNX", "c", "5"], 0],
    [["GETSET", "c", "5"], "4"],
    [["GETDEL", "c"], "5"],
    [["GETDEL", "c"], null],
    [["MSET", "d", "1", "e", "2"], "OK"],
    [["MSET", "d", "1", "e"], { code: "ERR" }],
    [["MGET", "d", "none", "e"], ["1", null, "2"]],
    [["APPEND", "d", "23"], 3],
    [["APPEND", "d", "ž"], 5],
    [["GETRANGE", "d", 1, -3], "23"],
    [["GETRANGE", "d", 5, 1], ""],
    [["SET", "", "empty"], "OK"],
    [["GET", ""], "empty"],
  ],
  "counters": [
    [["INCR", "n"], 1],
    [["INCRBY", "n", 10], 11],
    [["DECR", "n"], 10],
    [["DECRBY", "n", 20], -10],
    [["INCRBYFLOAT", "n", "0.5"], "-9.5"],
    [["INCR", "n"], { code: "ERR" }],
    [["SET", "n", "x"], "OK"],
    [["INCR", "n"], { code: "ERR" }],
    [["INCRBY", "m", "x"], { code: "ERR" }],
  ],
  "counters of 64 bits": [
    [["SET", "n", MAX], "OK"],
    [["INCR", "n"], { code: "ERR" }],
    [["DECR", "n"], BigInt(MAX) - 1n],
    [["GET", "n"], "9223372036854775806"],
    [["SET", "n", MIN], "OK"],
    [["DECR", "n"], { code: "ERR" }],
    [["INCR", "n"], BigInt(MIN) + 1n],
    [["SET", "n", "9007199254740991"], "OK"],
    [["INCR", "n"], 9007199254740992n],
    [["INCR", "n"], 9007199254740993n],
    [["GET", "n"], "9007199254740993"],
    [["DECRBY", "n", MIN], { code: "ERR" }],
    [["INCRBY", "n", "9223372036854775808"], { code: "ERR" }],
    [["INCRBY", "none", MAX], BigInt(MAX)],
    [["SET", "n", "05"], "OK"],
    [["INCR", "n"], { code: "ERR" }],
    [["INCRBY", "n", "+1"], { code: "ERR" }],
    [["HSET", "h", "f", MAX], 1],
    [["HINCRBY", "h", "f", 1], { code: "ERR" }],
    [["HINCRBY", "h", "f", -1], BigInt(MAX) - 1n],
    [["INCRBYFLOAT", "n", "inf"], { code: "ERR" }],
  ],
  "odd numbers": [
    [["RPUSH", "l", "a", "b", "c"], 3],
    [["LINDEX", "l", MAX], null],
    [["LINDEX", "l", MIN], null],
    [["LRANGE", "l", MIN, MAX], ["a", "b", "c"]],
    [["LSET", "l", MAX, "x"], { code: "ERR" }],
    [["LPOP", "l", "-1"], { code: "ERR" }],
    [["LPOP", "l", MAX], ["a", "b", "c"]],
    [["SET", "s", "hello"], "OK"],
    [["GETRANGE", "s", MIN, MAX], "hello"],
    [["SET", "s", "v", "EX", MAX], { code: "ERR" }],
    [["SET", "s", "v", "EX", "1", "PX", "1"], { code: "ERR" }],
    [["SET", "s", "v", "NX", "XX"], { code: "ERR" }],
    [["SET", "s", "v", "KEEPTTL", "EX", "1"], { code: "ERR" }],
    [["SETEX", "s", "0", "v"], { code: "ERR" }],
    [["EXPIRE", "s", MAX], { code: "ERR" }],
    [["PEXPIRE", "s", MAX], { code: "ERR" }],
    [["TTL", "s"], -1],
    [["SCAN", "x"], { code: "ERR" }],
    [["HELLO", "x"], { code: "ERR" }],
  ],
  "keys": [
    [["SET", "a", 1], "OK"],
    [["RPUSH", "l", 1], 1],
    [["HSET", "h", "f", 1], 1],
    [["TYPE", "a"], "string"],
    [["TYPE", "l"], "list"],
    [["TYPE", "h"], "hash"],
    [["TYPE", "none"], "none"],
    [["EXISTS", "a", "l", "none", "a"], 3],
    [["DBSIZE"], 3],
    [["KEYS", "[al]"], ["a", "l"]],
    [["KEYS", "?"], ["a", "h", "l"]],
    [["KEYS", "[^al]*"], ["h"]],
    [["RENAME", "a", "b"], "OK"],
    [["RENAME", "a", "b"], { code: "ERR" }],
    [["DEL", "b", "none", "l"], 2],
    [["UNLINK", "h"], 1],
    [["DBSIZE"], 0],
  ],
  "expiry": [
    [["SET", "a", 1, "EX", 100], "OK"],
    [["TTL", "a"], 100],
    [["PERSIST", "a"], 1],
    [["PERSIST", "a"], 0],
    [["TTL", "a"], -1],
    [["TTL", "none"], -2],
    [["EXPIRE", "a", 50], 1],
    [["EXPIRE", "none", 50], 0],
    [["INCR", "a"], 2],
    [["TTL", "a"], 50],
    [["SET", "a", 5, "KEEPTTL"], "OK"],
    [["TTL", "a"], 50],
    [["SET", "a", 5], "OK"],
    [["TTL", "a"], -1],
    [["SETEX", "b", 10, "x"], "OK"],
    [["TTL", "b"], 10],
    [["PEXPIRE", "b", -1], 1],
    [["GET", "b"], null],
    [["EXISTS", "b"], 0],
    [["EXPIREAT", "a", 1], 1],
    [["DBSIZE"], 0],
  ],
  "lists": [
    [["RPUSH", "l", "a", "b", "c"], 3],
    [["LPUSH", "l", "y", "z"], 5],
    [["LRANGE", "l", 0, -1], ["z", "y", "a", "b", "c"]],
    [["LRANGE", "l", -2, 100], ["b", "c"]],
    [["LRANGE", "l", 3, 1], []],
    [["LINDEX", "l", -1], "c"],
    [["LINDEX", "l", 9], null],
    [["LSET", "l", 1, "Y"], "OK"],
    [["LSET", "l", 9, "Y"], { code: "ERR" }],
    [["LSET", "none", 0, "Y"], { code: "ERR" }],
    [["LLEN", "l"], 5],
    [["LPOP", "l"], "z"],
    [["RPOP", "l", 2], ["c", "b"]],
    [["LPOP", "none"], null],
    [["RPUSH", "l", "a", "x", "a"], 5],
    [["LREM", "l", -2, "a"], 2],
    [["LRANGE", "l", 0, -1], ["Y", "a", "x"]],
    [["LREM", "l", 0, "none"], 0],
    [["LTRIM", "l", 1, 1], "OK"],
    [["LRANGE", "l", 0, -1], ["a"]],
    [["LPOP", "l", 5], ["a"]],
    [["EXISTS", "l"], 0],
    [["SET", "s", 1], "OK"],
    [["LPUSH", "s", 1], { code: "WRONGTYPE" }],
    [["LRANGE", "s", 0, 1], { code: "WRONGTYPE" }],
    [["LRANGE", "l", "x", 1], { code: "ERR" }],
  ],
  "hashes": [
    [["HSET", "h", "a", 1, "b", 2], 2],
    [["HSET", "h", "a", 3, "c", 4], 1],
    [["HSET", "h", "a"], { code: "ERR" }],
    [["HGET", "h", "a"], "3"],
    [["HGET", "h", "none"], null],
    [["HMGET", "h", "a", "none"], ["3", null]],
    [["HEXISTS", "h", "b"], 1],
    [["HLEN", "h"], 3],
    [["HGETALL", "h"], new Map([["a", "3"], ["b", "2"], ["c", "4"]])],
    [["HKEYS", "h"], ["a", "b", "c"]],
    [["HVALS", "h"], ["3", "2", "4"]],
    [["HINCRBY", "h", "a", 5], 8],
    [["HINCRBY", "h", "d", -1], -1],
    [["HSET", "h", BYTES, BYTES], 1],
    [["HGET", "h", BYTES], BYTES],
    [["HDEL", "h", "a", "b", "c", "d", BYTES, "none"], 5],
    [["EXISTS", "h"], 0],
    [["SET", "s", 1], "OK"],
    [["HGET", "s", "a"], { code: "WRONGTYPE" }],
    [["GET", "none"], null],
    [["HSET", "h2", "a", "b"], 1],
    [["GET", "h2"], { code: "WRONGTYPE" }],
  ],
};

async function converse(client: RedisClient, exchanges: readonly Exchange[]): Promise<void> {
  for (const [command, expected] of exchanges) {
    const label = command.join(" ");
    const isError = expected !== null && typeof expected === "object" && "code" in expected;
    const answer = await client.command(...command).catch((error) => {
      if (isError && error instanceof RedisError) return { code: error.code };
      throw new Error(`${label}: ${error.message}`);
    });
    // The order of keys is not promised.
    const isKeys = command[0] === "KEYS" && Array.isArray(answer);
    assertEquals<unknown>(isKeys ? answer.toSorted() : answer, expected, label);
  }
}

for (const [subject, exchanges] of Object.entries(CONVERSATIONS)) {
  Deno.test(`redis/server answers about ${subject} as Redis does`, async () => {
    await using pair = await RedisPair.start();
    await converse(pair.client, exchanges);
  });
}

testWith(
  "redis-server",
  "the real Redis has every conversation that redis/server is tested with",
  async () => {
    await using redis = await RealRedis.start();
    await using client = await RedisClient.connect({ port: redis.port });
    for (const exchanges of Object.values(CONVERSATIONS)) {
      await client.command("FLUSHALL");
      await converse(client, exchanges);
    }
  },
);

Deno.test("redis/server tells about itself in INFO", async () => {
  await using pair = await RedisPair.start();
  await pair.client.command("SET", "a", 1, "EX", 100);
  const info = await pair.client.command("INFO");
  const text = typeof info === "object" && info !== null && "text" in info ? info.text : "";
  for (const fact of ["connected_clients:1", "db0:keys=1,expires=1", "redis_version:"]) {
    assert(text.includes(fact), text);
  }
  const keyspace = await pair.client.command("INFO", "keyspace");
  assertEquals<unknown>({ ...keyspace as object }, {
    format: "txt",
    text: "# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=0\r\n",
  });
});

Deno.test("redis/server drops what has expired without being asked for it", async () => {
  await using pair = await RedisPair.start();
  const { store } = pair.redis;
  store.set("kept", "1");
  for (let i = 0; i < 100; i++) store.set(`gone${i}`, "1", 1);
  store.set("later", "1", Date.now() + 100_000);
  for (let i = 0; i < 12; i++) store.sweep(10);
  assertEquals([store.size, store.expiring], [2, 1]);
  store.clear();
  assertEquals([store.size, store.expiring], [0, 0]);
});

Deno.test("RedisClient fails commands when the server has gone", async () => {
  await using pair = await RedisPair.start();
  const answer = pair.client.command("PING");
  await answer;
  const { client } = pair;
  pair.server.abortClients();
  await assertRejects(() => client.command("PING"));
  await assertRejects(() => client.command("PING"));
});
