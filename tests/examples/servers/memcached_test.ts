import { assert, assertEquals, assertMatch } from "@std/assert";
import { createServer, openConnection, type Server } from "@sluice/net";
import { FrameReader, NEED_MORE } from "@sluice/net/protocols";
import { CommandCodec } from "../../../examples/memcached/command_codec.ts";
import { Memcached, type MemcachedOptions } from "../../../examples/memcached_server.ts";
import { outputOf, testWith } from "../../support/peers/outside_peer.ts";
import { sendOn } from "../../support/peers/late_sender.ts";
import { decode } from "../../support/text.ts";

const T0 = 1_700_000_000_000;

/** A server whose time a test sets. */
class Scene implements AsyncDisposable {
  now = T0;
  readonly memcached: Memcached;
  readonly #server: Server;

  private constructor(options: MemcachedOptions, serverOf: (memcached: Memcached) => Server) {
    this.memcached = new Memcached({ now: () => this.now, ...options });
    this.#server = serverOf(this.memcached);
  }

  static async start(options: MemcachedOptions = {}): Promise<Scene> {
    let made: Memcached | undefined;
    const server = await createServer(() => {
      if (made === undefined) throw new Error("no client can be that early");
      return made.connect();
    }, { port: 0 });
    return new Scene(options, (memcached) => {
      made = memcached;
      return server;
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** The answer to a client that sends this and ends. */
  async ask(commands: string | Uint8Array): Promise<string> {
    await using client = await openConnection({ port: this.port });
    client.writer.write(commands);
    client.writer.writeEof();
    return decode(await client.reader.read());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Conversations: what is sent, line by line, and what comes back; a line is written as it is. */
async function check(scene: Scene, talk: readonly (readonly [string, string])[]): Promise<void> {
  for (const [commands, answers] of talk) {
    const lines = (text: string) => text === "" ? "" : `${text.replaceAll("\n", "\r\n")}\r\n`;
    assertEquals(await scene.ask(lines(commands)), lines(answers), commands);
  }
}

Deno.test("memcached_server stores and gets, several keys at a time", async () => {
  await using scene = await Scene.start();
  await check(scene, [
    ["set a 5 0 5\nhello", "STORED"],
    ["get a", "VALUE a 5 5\nhello\nEND"],
    ["get b", "END"],
    ["set b 0 0 0\n", "STORED"],
    ["get a none b", "VALUE a 5 5\nhello\nVALUE b 0 0\n\nEND"],
    ["get", "ERROR"],
    ["add a 0 0 1\nx", "NOT_STORED"],
    ["add c 0 0 1\nx", "STORED"],
    ["replace a 1 0 1\ny", "STORED"],
    ["replace none 1 0 1\ny", "NOT_STORED"],
    ["append a 9 9 2\n>>\nprepend a 9 9 2\n<<\nget a", "STORED\nSTORED\nVALUE a 1 5\n<<y>>\nEND"],
    ["append none 0 0 1\nx", "NOT_STORED"],
    [
      "delete a\ndelete a\ndelete b 0\ndelete c 5",
      "DELETED\nNOT_FOUND\nDELETED\n" +
      "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]",
    ],
    ["GET a", "ERROR"],
    ["", ""],
  ]);
});

Deno.test("memcached_server compares and sets by the number that gets tells", async () => {
  await using scene = await Scene.start();
  await check(scene, [
    ["set a 0 0 1\n1\ngets a", "STORED\nVALUE a 0 1 1\n1\nEND"],
    ["cas a 7 0 1 1\n2", "STORED"],
    ["cas a 0 0 1 1\n3", "EXISTS"],
    ["cas none 0 0 1 1\n3", "NOT_FOUND"],
    ["gets a none", "VALUE a 7 1 2\n2\nEND"],
    ["touch a 100\ngets a", "TOUCHED\nVALUE a 7 1 2\n2\nEND"],
    ["cas a 0 0 1 x\n3", "CLIENT_ERROR bad command line format"],
    ["cas a 0 0 1 18446744073709551615\n3", "EXISTS"],
    ["cas a 0 0 1 18446744073709551616\n3", "CLIENT_ERROR bad command line format"],
  ]);
});

Deno.test("memcached_server counts with 64 bits, and not below 0", async () => {
  await using scene = await Scene.start();
  await check(scene, [
    ["incr n 1", "NOT_FOUND"],
    [
      "set n 3 0 2\n10\nincr n 5\ndecr n 1\ndecr n 100\nget n",
      "STORED\n15\n14\n0\n" +
      "VALUE n 3 1\n0\nEND",
    ],
    ["incr n 18446744073709551615\nincr n 2", "18446744073709551615\n1"],
    ["incr n 18446744073709551616", "CLIENT_ERROR invalid numeric delta argument"],
    ["incr n x", "CLIENT_ERROR invalid numeric delta argument"],
    [
      "set s 0 0 1\nx\nincr s 1",
      "STORED\n" +
      "CLIENT_ERROR cannot increment or decrement non-numeric value",
    ],
    ["incr n", "ERROR"],
  ]);
});

Deno.test("memcached_server drops expired entries, by the clock that it is given", async () => {
  await using scene = await Scene.start();
  const later = T0 / 1000 + 5_000_000;
  await check(scene, [
    ["set soon 0 10 1\nx\nset never 0 0 1\nx\nset past 0 -1 1\nx", "STORED\nSTORED\nSTORED"],
    [`set date 0 ${later} 1\nx`, "STORED"],
    ["get past soon", "VALUE soon 0 1\nx\nEND"],
  ]);
  scene.now += 9_999;
  await check(scene, [["get soon", "VALUE soon 0 1\nx\nEND"]]);
  scene.now += 1;
  await check(scene, [
    ["get soon", "END"],
    [
      "touch date 5\ntouch soon 5\ntouch date x",
      "TOUCHED\nNOT_FOUND\n" +
      "CLIENT_ERROR invalid exptime argument",
    ],
    ["gat 0 date", "VALUE date 0 1\nx\nEND"],
    ["gats -1 date", "END"],
  ]);
  scene.now += 100_000_000_000;
  await check(scene, [["get never date", "VALUE never 0 1\nx\nEND"]]);
});

Deno.test("memcached_server flushes at once, or what was stored until a time", async () => {
  await using scene = await Scene.start();
  await check(scene, [
    [
      "set a 0 0 1\nx\nflush_all\nget a\nset a 0 0 1\ny\nget a",
      "STORED\nOK\nEND\nSTORED\n" +
      "VALUE a 0 1\ny\nEND",
    ],
    // trondn/memcached#3: a time below 0 is now.
    ["flush_all -1\nget a\nset a 0 0 1\ny", "OK\nEND\nSTORED"],
    ["flush_all 10\nget a", "OK\nVALUE a 0 1\ny\nEND"],
  ]);
  scene.now += 10_001;
  await check(scene, [
    ["set b 0 0 1\nz\nget a b", "STORED\nVALUE b 0 1\nz\nEND"],
    ["flush_all noreply\nget b", "END"],
    ["flush_all x\nflush_all 1 2", "CLIENT_ERROR invalid exptime argument\nERROR"],
    // More than 30 days are a date.
    [
      `set b 0 0 1\nz\nflush_all ${Math.ceil(scene.now / 1000) + 60}\nget b`,
      "STORED\nOK\nVALUE b 0 1\nz\nEND",
    ],
  ]);
  scene.now += 61_000;
  await check(scene, [["get b", "END"]]);
});

Deno.test("memcached_server answers nothing to noreply, whatever comes of it", async () => {
  await using scene = await Scene.start();
  await check(scene, [
    ["set a 0 0 1 noreply\nx\nadd a 0 0 1 noreply\ny\nget a", "VALUE a 0 1\nx\nEND"],
    [
      "set n 0 0 1 noreply\n1\nincr n 1 noreply\ndecr n 1 noreply\ntouch n 0 noreply\nget n",
      "VALUE n 0 1\n1\nEND",
    ],
    ["delete n noreply\nget n", "END"],
    ["verbosity 1 noreply\nverbosity 1\nverbosity", "OK\nERROR"],
    // No key and no option here.
    ["get noreply\nversion noreply", "END\nVERSION 1.6.21"],
    // memcached#1312, php-memcached#556: a client took the failure for its next answer.
    ["incr a 1 noreply\nincr a x noreply\nget a", "VALUE a 0 1\nx\nEND"],
    [`set ${"k".repeat(251)} 0 0 1 noreply\nx\nget b`, "END"],
    ["set a 0 0 2000000 noreply", ""],
  ]);
});

Deno.test("memcached_server refuses what is too long, and goes on with the next command", async () => {
  await using scene = await Scene.start({ maxValueLength: 10 });
  const key = "k".repeat(250);
  await check(scene, [
    ["set a 0 0 10\n0123456789", "STORED"],
    [
      "set a 0 0 11\n0123456789x\nversion\nget a",
      "SERVER_ERROR object too large for cache\n" +
      "VERSION 1.6.21\nEND",
    ],
    [
      "set a 0 0 9\n012345678\nappend a 0 0 2\nxx",
      "STORED\nSERVER_ERROR object too large for cache",
    ],
    [`set ${key} 0 0 1\nx\nget ${key}`, `STORED\nVALUE ${key} 0 1\nx\nEND`],
    [
      `set ${key}k 0 0 1\nx\nget ${key}k`,
      "CLIENT_ERROR bad command line format\n".repeat(2).trim(),
    ],
    ["set a 0 0 2\nxyz\nversion", "CLIENT_ERROR bad data chunk\nVERSION 1.6.21"],
    [
      "set a 0 0 -1\nset a 0 0\nset a x 0 1\nx",
      "CLIENT_ERROR bad command line format\n".repeat(3)
        .trim(),
    ],
    ["set a 4294967296 0 1\nx", "CLIENT_ERROR bad command line format"],
  ]);
});

Deno.test("memcached_server answers a get of very many keys, and of very large values", async () => {
  await using scene = await Scene.start();
  // memcached#849: a get of 10,000 keys was an ERROR.
  const short = await scene.ask(`set key 0 0 1\r\nx\r\nget ${"key ".repeat(10_000)}\r\n`);
  assertEquals(short, `STORED\r\n${"VALUE key 0 1\r\nx\r\n".repeat(10_000)}END\r\n`);
  // http-kit#180: more than a server may hold for a client that reads slowly.
  const value = "v".repeat(1_000_000);
  await scene.ask(`set large 0 0 1000000\r\n${value}\r\n`);
  const long = await scene.ask(`get ${"large ".repeat(24)}\r\nversion\r\n`);
  assertEquals(
    long,
    `${`VALUE large 0 1000000\r\n${value}\r\n`.repeat(24)}END\r\nVERSION 1.6.21\r\n`,
  );
});

Deno.test("memcached_server tells a client that sends on why it ends it", async () => {
  await using scene = await Scene.start();
  const answer = await sendOn(scene.port, "x".repeat(1_050_000));
  assertEquals(decode(answer), "CLIENT_ERROR line too long\r\n");
  assertEquals(await scene.ask("version\r\n"), "VERSION 1.6.21\r\n");
});

Deno.test("memcached_server ends a client with an endless line, and tells it why", async () => {
  await using scene = await Scene.start();
  assertEquals(await scene.ask("x".repeat(1_050_000)), "CLIENT_ERROR line too long\r\n");
  assertEquals(await scene.ask("quit\r\nversion\r\n"), "");
  assertEquals(await scene.ask("set a 0 0 5\r\nhel"), "");
});

Deno.test("memcached_server keeps keys and values of any bytes apart", async () => {
  await using scene = await Scene.start();
  const bytes = (...text: string[]) => Uint8Array.from(text.join(""), (one) => one.charCodeAt(0));
  await using client = await openConnection({ port: scene.port });
  client.writer.write(bytes("set \xe9 0 0 3\r\n\r\n\xff\r\nget \xe8\r\nget \xe9\r\n"));
  const expected = bytes("STORED\r\nEND\r\nVALUE \xe9 0 3\r\n\r\n\xff\r\nEND\r\n");
  assertEquals(await client.reader.readexactly(expected.length), expected);
  await client.close();
});

Deno.test("memcached_server evicts the entry that was not used for the longest time", async () => {
  await using scene = await Scene.start({ maxBytes: 5 * 1150 });
  const value = "v".repeat(1000);
  const store = (key: string) => scene.ask(`set ${key} 0 0 1000\r\n${value}\r\n`);
  for (const key of ["a", "b", "c", "d"]) await store(key);
  scene.now += 61_000;
  await scene.ask("get a\r\n");
  for (const key of ["e", "f"]) await store(key);
  const found = await Promise.all(
    [..."abcdef"].map(async (key) => (await scene.ask(`get ${key}\r\n`)).length > 5),
  );
  assertEquals(found, [true, false, true, true, true, true]);
  assertMatch(await scene.ask("stats\r\n"), /STAT evictions 1\r\n/);
});

Deno.test("memcached_server counts what it does", async () => {
  await using scene = await Scene.start();
  await scene.ask("set a 0 0 1\r\nx\r\nget a b\r\nincr b 1\r\ntouch a 1\r\n");
  scene.now += 1500;
  const stats = await scene.ask("stats\r\n");
  for (
    const line of [
      "uptime 1",
      "cmd_get 2",
      "cmd_set 1",
      "get_hits 1",
      "get_misses 1",
      "incr_misses 1",
      "touch_hits 1",
      "curr_connections 1",
      "total_connections 2",
      "curr_items 1",
      "limit_maxbytes 67108864",
    ]
  ) assert(stats.includes(`STAT ${line}\r\n`), `${line} in ${stats}`);
  await check(scene, [["stats reset", "RESET"], ["stats items", "END"], ["stats x", "ERROR"]]);
  assertMatch(await scene.ask("stats\r\n"), /STAT cmd_get 0\r\n.*END\r\n$/s);
});

Deno.test("memcached_server answers a pipeline in order, and reads no more of a client that does not read", async () => {
  await using scene = await Scene.start();
  const value = "v".repeat(100_000);
  await scene.ask(`set big 0 0 100000\r\n${value}\r\nset n 0 0 1\r\n0\r\n`);
  await using client = await openConnection({ port: scene.port, limit: 200_000 });
  client.transport.pauseReading();
  client.writer.write("get big\r\nincr n 1\r\n".repeat(500));
  await client.writer.flush();
  const counted = async () =>
    Number(/VALUE n 0 \d+\r\n(\d+)/.exec(await scene.ask("get n\r\n"))?.[1]);
  assert(await counted() < 500);
  client.transport.resumeReading();
  for (let i = 1; i <= 500; i++) {
    await client.reader.readuntil("END\r\n");
    assertEquals(decode(await client.reader.readline()), `${i}\r\n`);
  }
  assertEquals(await counted(), 500);
});

Deno.test("CommandCodec gives the same commands however they are cut", () => {
  const sent = "get a\r\nset b 1 2 3\r\nx\r\n\r\nset c 0 0 99\r\n" + "y".repeat(99) +
    "\r\nset d 0 0 1\r\nzz\r\nget  e  f \nset g 0 0 -\r\nquit\r\n";
  const decodeAll = (size: number) => {
    const reader = new FrameReader(new CommandCodec(50));
    const commands: unknown[] = [];
    const bytes = new TextEncoder().encode(sent);
    for (let at = 0; at < bytes.length; at += size) {
      reader.feedData(bytes.slice(at, at + size));
      for (let one = reader.next(); one !== NEED_MORE; one = reader.next()) commands.push(one);
    }
    return commands;
  };
  const whole = decodeAll(sent.length);
  assertEquals(whole.length, 7);
  for (const size of [1, 2, 3, 7, 50]) assertEquals(decodeAll(size), whole, `${size} at a time`);
});

const SCRIPT = new URL("memcached_client.py", import.meta.url);

Deno.test("memcached_server serves a client in Python", async () => {
  await using scene = await Scene.start();
  assertEquals(
    await outputOf("python3", [decodeURIComponent(SCRIPT.pathname), `${scene.port}`]),
    "all is well\n",
  );
});

testWith("memccapable", "memcached_server passes the ASCII tests of libmemcached", async () => {
  await using scene = await Scene.start({ now: Date.now });
  const output = await outputOf("memccapable", ["-a", "-h", "127.0.0.1", "-p", `${scene.port}`]);
  assertMatch(output, /All tests passed/);
  assertEquals(output.match(/\[pass\]/g)?.length, 27);
});

testWith("memcslap", "memcached_server serves the tools of libmemcached", async () => {
  await using scene = await Scene.start({ now: Date.now });
  const server = `--servers=127.0.0.1:${scene.port}`;
  const file = await Deno.makeTempFile({ prefix: "sluice-" });
  try {
    await Deno.writeTextFile(file, "kept");
    const key = file.replace(/^.*\//, "");
    assertEquals(await outputOf("memcping", [server]), "");
    await outputOf("memccp", [server, file]);
    assertEquals(await outputOf("memccat", [server, key]), "kept\n");
    await outputOf("memcrm", [server, key]);
    const slap = ["--concurrency=5", "--execute-number=200", "--test=get"];
    assertMatch(
      await outputOf("memcslap", [server, ...slap]),
      /Time to get\s+1000 keys by\s+5 threads/,
    );
    assert(scene.memcached.counters.get_hits >= 1000);
  } finally {
    await Deno.remove(file);
  }
});
