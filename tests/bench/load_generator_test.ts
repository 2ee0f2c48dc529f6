import { assert, assertEquals, assertRejects } from "@std/assert";
import { Children } from "../../bench/harness/children.ts";
import {
  type LoadArguments,
  LoadGenerator,
  type LoadResult,
  WrongAnswerError,
} from "../../bench/harness/load_generator.ts";
import { findCompiler, type RuntimeState } from "../../bench/harness/runtimes.ts";

type Handler = (conn: Deno.TcpConn) => Promise<void>;

async function echo(conn: Deno.TcpConn, change: (chunk: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    const chunk = buffer.subarray(0, n);
    change(chunk);
    for (let sent = 0; sent < n;) sent += await conn.write(chunk.subarray(sent));
  }
}

const children = new Children();
const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function prepare(kind: "c" | "deno", compiler: RuntimeState): Promise<LoadGenerator> {
  const anywhere = { serverCore: null, loadCore: null, text: "" };
  return await LoadGenerator.prepare(children, compiler, anywhere, folder, kind);
}

const compiler = await findCompiler(children);
const generators = [await prepare("deno", compiler)];
if (Deno.build.os === "linux" && "command" in compiler) {
  generators.push(await prepare("c", compiler));
} else {
  const reason = "the load generator in C needs Linux and a C compiler";
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot skip its tests in CI: ${reason}`);
  console.log(`Skipped: ${reason}`);
}

/** Runs a server in this process and the load generator against it. */
async function drive(
  generator: LoadGenerator,
  handler: Handler,
  load: LoadArguments,
  whileHeld?: (bytes: number) => Promise<void>,
): Promise<LoadResult> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    const handlers: Promise<void>[] = [];
    for await (const conn of listener) {
      // The generator goes away with answers under way: that ends the handler.
      handlers.push(handler(conn).catch(() => {}).finally(() => conn.close()));
    }
    await Promise.all(handlers);
  })();
  try {
    return await generator.run(listener.addr.port, Deno.pid, load, whileHeld);
  } finally {
    listener.close();
    await served;
  }
}

const SHORT = { connections: 4, size: 64, warmup: 50, duration: 200 } as const;
const faithful: Handler = (conn) => echo(conn, () => {});

/** Changes one byte of the chunk in which the server's byte number `at` is. */
function spoilByte(at: number): Handler {
  let seen = 0;
  return (conn) =>
    echo(conn, (chunk) => {
      const place = at - seen;
      seen += chunk.length;
      if (place >= 0 && place < chunk.length) chunk[place] = (chunk[place] ?? 0) ^ 1;
    });
}

for (const generator of generators) {
  const { kind } = generator;

  Deno.test(`LoadGenerator.run() in ${kind} counts what an honest server answers`, async () => {
    const result = await drive(generator, faithful, { ...SHORT, mode: "echo", depth: 3 });
    assert((result.messages ?? 0) > 10, "hardly any messages");
    assertEquals(result.bytes, 64 * (result.messages ?? 0));
    assert(Math.abs(result.seconds - 0.2) < 0.1, `the window took ${result.seconds} s`);
    assert((result.loadCpuSeconds ?? 0) > 0);
  });

  Deno.test(`LoadGenerator.run() in ${kind} rejects when one byte is wrong`, async () => {
    for (const mode of ["echo", "once", "rate"] as const) {
      const load = { ...SHORT, mode, rate: 2000, messages: 3 };
      const wrong = drive(generator, spoilByte(5000), load);
      await assertRejects(() => wrong, WrongAnswerError, "expected");
    }
  });

  Deno.test(`LoadGenerator.run() in ${kind} rejects lines and large messages that are wrong`, async () => {
    const lines = { ...SHORT, mode: "echo", payload: "lines", depth: 4 } as const;
    await assertRejects(() => drive(generator, spoilByte(9000), lines), WrongAnswerError);
    const large = { ...SHORT, mode: "echo", size: 65_536, depth: 2 } as const;
    await assertRejects(() => drive(generator, spoilByte(200_000), large), WrongAnswerError);
  });

  Deno.test(`LoadGenerator.run() in ${kind} rejects when answers are swapped between connections`, async () => {
    const waiting: { conn: Deno.TcpConn; chunk: Uint8Array }[] = [];
    const swapped: Handler = async (conn) => {
      const buffer = new Uint8Array(4096);
      const n = await conn.read(buffer);
      waiting.push({ conn, chunk: buffer.slice(0, n ?? 0) });
      const [a, b] = waiting;
      if (a !== undefined && b !== undefined) {
        await Promise.all([a.conn.write(b.chunk), b.conn.write(a.chunk)]);
      }
      await conn.read(buffer);
    };
    const load = { ...SHORT, mode: "echo", connections: 2 } as const;
    await assertRejects(() => drive(generator, swapped, load), WrongAnswerError);
  });

  Deno.test(`LoadGenerator.run() in ${kind} rejects when the server closes or is silent`, async () => {
    const closes: Handler = async (conn) => void await conn.read(new Uint8Array(64));
    const load = { ...SHORT, mode: "echo" } as const;
    await assertRejects(() => drive(generator, closes, load), Error, "clos");
    let answers = 0;
    const silent: Handler = async (conn) => {
      const buffer = new Uint8Array(64);
      while (await conn.read(buffer) !== null) if (answers++ < 4) await conn.write(buffer);
    };
    await assertRejects(() => drive(generator, silent, load), Error, "no answer");
  });

  Deno.test(`LoadGenerator.run() in ${kind} holds idle connections until it is told`, async () => {
    let open = 0;
    const counting: Handler = async (conn) => {
      open++;
      await faithful(conn);
    };
    let seen = 0;
    const look = () => Promise.resolve(void (seen = open));
    const result = await drive(
      generator,
      counting,
      { mode: "idle", connections: 150, size: 64 },
      look,
    );
    assertEquals(seen, 150);
    assertEquals(result.connections, 150);
  });

  Deno.test(`LoadGenerator.run() in ${kind} gets back all that a server took while not read from`, async () => {
    let taken = 0;
    const look = (bytes: number) => Promise.resolve(void (taken = bytes));
    const total = 4 * 2 ** 20;
    const load = { mode: "flood", connections: 2, size: 4096, total, duration: 3000 } as const;
    const { bytes = 0 } = await drive(generator, faithful, load, look);
    assert(taken > 0);
    assert(bytes >= taken && bytes <= 2 * total, `${bytes} of ${taken} came back`);
  });

  Deno.test(`LoadGenerator.run() in ${kind} moves a given number of bytes`, async () => {
    const load = { ...SHORT, mode: "stream", connections: 1, size: 65_536 } as const;
    const total = 8 * 2 ** 20;
    const { bytes = 0 } = await drive(generator, faithful, { ...load, total, duration: 20_000 });
    assert(bytes >= total);
  });

  Deno.test(`LoadGenerator.run() in ${kind} opens and closes connections`, async () => {
    let served = 0;
    const counting: Handler = async (conn) => {
      await faithful(conn);
      served++;
    };
    const result = await drive(generator, counting, { ...SHORT, mode: "once", messages: 2 });
    assert((result.connections ?? 0) > 0);
    assertEquals(result.messages, 2 * (result.connections ?? 0));
    assert(served >= (result.connections ?? 0));
  });

  Deno.test(`LoadGenerator.run() in ${kind} counts the wait of messages that fall due in a stall`, async () => {
    // The server stands still once, for 400 of 1000 ms. A generator that waits for answers before
    // it goes on would see that as one slow message on each connection, 4 of about 1000.
    let received = 0;
    const stalling: Handler = (conn) =>
      echo(conn, (chunk) => {
        const before = received;
        received += chunk.length;
        if (before < 300 * 64 && received >= 300 * 64) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
        }
      });
    const load = { ...SHORT, mode: "rate", rate: 1000, duration: 1000 } as const;
    const { p90 = 0, max = 0, messages = 0, unanswered } = await drive(generator, stalling, load);
    assertEquals(unanswered, 0);
    assert(messages > 900, `${messages} messages`);
    assert(p90 > 200_000, `p90 is ${p90} µs`);
    assert(max > 350_000, `max is ${max} µs`);
  });
}
