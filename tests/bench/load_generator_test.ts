import { assert, assertEquals, assertRejects } from "@std/assert";
import { Children } from "../../bench/harness/children.ts";
import {
  compileLoad,
  type LoadArguments,
  type LoadResult,
  runLoad,
  TLS_LOAD,
  WrongAnswerError,
} from "../../bench/harness/load_generator.ts";
import { hasProgram } from "../support/peers/outside_peer.ts";
import { localhost } from "../support/certificates/certificates.ts";

const children = new Children();
const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const isPossible = Deno.build.os === "linux" && hasProgram("cc", ["--version"]);
const C_LOAD = isPossible ? await compileLoad(children, ["cc"], folder) : [];

type Handler = (conn: Deno.Conn) => Promise<void>;

async function echo(conn: Deno.Conn, change: (chunk: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    const chunk = buffer.subarray(0, n);
    change(chunk);
    for (let sent = 0; sent < n;) sent += await conn.write(chunk.subarray(sent));
  }
}

const faithful: Handler = (conn) => echo(conn, () => {});

/** Changes one byte of the chunk that has the server's byte number `at`. */
function spoilByte(at: number): Handler {
  let seen = 0;
  return (conn) =>
    echo(conn, (chunk) => {
      const place = at - seen;
      seen += chunk.length;
      if (place >= 0 && place < chunk.length) chunk[place] = (chunk[place] ?? 0) ^ 1;
    });
}

/** Runs a server in this process and the load generator against it. */
async function drive(
  kind: "C" | "TLS",
  handler: Handler,
  load: LoadArguments,
  whileHeld?: () => Promise<void>,
): Promise<LoadResult> {
  const address = { hostname: "127.0.0.1", port: 0 };
  using listener = kind === "C"
    ? Deno.listen(address)
    : Deno.listenTls({ ...address, ...localhost });
  const handlers: Promise<void>[] = [];
  const served = (async () => {
    for await (const conn of listener) {
      // The generator goes away with answers under way: that ends the handler.
      handlers.push(handler(conn).catch(() => {}).finally(() => conn.close()));
    }
  })();
  const server = { port: listener.addr.port, pids: [Deno.pid] };
  try {
    const command = kind === "C" ? C_LOAD : TLS_LOAD;
    return await runLoad(children, command, null, server, load, whileHeld);
  } finally {
    listener.close();
    await served;
    await Promise.all(handlers);
  }
}

/** So short that the generator has to wait for the first answer. */
const SHORT = { connections: 4, size: 64, warmup: 1, duration: 1 } as const;
/** For what ends as soon as something goes wrong, however long that takes to come about. */
const LONG = { ...SHORT, duration: 60_000 } as const;

for (const kind of ["C", "TLS"] as const) {
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: `runLoad() in ${kind} ${name}`, ignore: kind === "C" && !isPossible, fn });

  test("counts what an honest server answers", async () => {
    let served = 0;
    const counting: Handler = (conn) => echo(conn, (chunk) => void (served += chunk.length));
    // The server's CPU time for TLS comes in steps of 10 ms.
    const load = { ...SHORT, mode: "echo", depth: 3, duration: 600 } as const;
    const { done, ...times } = await drive(kind, counting, load);
    assert(done > 0 && served >= 64 * done, `${done} messages of ${served} bytes`);
    assert(times.loadCpuSeconds > 0 && times.serverCpuSeconds > 0 && times.seconds > 0);
  });

  test("rejects when one byte is wrong", async () => {
    const modes = kind === "C" ? ["echo", "once", "rate"] as const : ["echo", "once"] as const;
    for (const mode of modes) {
      const load = { ...LONG, mode, rate: 2000 };
      await assertRejects(() => drive(kind, spoilByte(700), load), WrongAnswerError, "expected");
    }
  });

  test("rejects when one byte of a large message is wrong", async () => {
    const load = { ...LONG, mode: "echo", size: 65_536, depth: 2 } as const;
    await assertRejects(() => drive(kind, spoilByte(200_000), load), WrongAnswerError);
  });

  test("rejects when answers are swapped between connections", async () => {
    const waiting: { conn: Deno.Conn; chunk: Uint8Array }[] = [];
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
    const load = { ...LONG, mode: "once", connections: 2 } as const;
    await assertRejects(() => drive(kind, swapped, load), WrongAnswerError);
  });

  test("rejects when the server closes", async () => {
    const closes: Handler = async (conn) => void await conn.read(new Uint8Array(64));
    await assertRejects(() => drive(kind, closes, { ...LONG, mode: "echo" }), Error, "clos");
  });

  test("rejects when the server is silent", async () => {
    let answers = 0;
    const silent: Handler = (conn) =>
      echo(conn, () => {
        if (answers++ >= 4) throw new Error("silent from here on");
      }).catch(() => conn.read(new Uint8Array(64))).then(() => {});
    await assertRejects(() => drive(kind, silent, { ...SHORT, mode: "echo" }), Error, "no answer");
  });

  test("holds idle connections until it is told to go", async () => {
    let open = 0;
    const counting: Handler = async (conn) => {
      open++;
      await faithful(conn);
      open--;
    };
    let seen = 0;
    const look = () => Promise.resolve(void (seen = open));
    const load = { mode: "idle", connections: 150, size: 64 } as const;
    assertEquals((await drive(kind, counting, load, look)).done, 150);
    assertEquals(seen, 150);
  });

  test("counts connections that come and go", async () => {
    let served = 0;
    const counting: Handler = async (conn) => {
      await faithful(conn);
      served++;
    };
    const { done } = await drive(kind, counting, { ...SHORT, mode: "once" });
    assert(done > 0 && served >= done, `${done} of ${served}`);
  });
}

const ignore = !isPossible;

Deno.test({
  name: "runLoad() in C moves a given number of bytes",
  ignore,
  fn: async () => {
    const total = 8 * 2 ** 20;
    const load = { mode: "stream", connections: 1, size: 65_536, total, duration: 60_000 } as const;
    const { done } = await drive("C", faithful, load);
    assert(done * 65_536 >= total);
  },
});

Deno.test({
  name: "runLoad() in C counts the wait of messages that fall due while the server stands still",
  ignore,
  fn: async () => {
    // Once, for 400 of 1,000 ms. A generator that waits for answers before it goes on would see
    // that as one slow message on each connection, 4 of about 1,000.
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
    const { p90 = 0, max = 0, unanswered } = await drive("C", stalling, load);
    assertEquals(unanswered, 0);
    assert(p90 > 200_000, `p90 is ${p90} µs`);
    assert(max > 350_000, `max is ${max} µs`);
  },
});
