import { assert } from "@std/assert";

/** How much of the heap a handshake that failed may leave behind, in bytes. */
const MAX_LEFT = 1024;

/**
 * Measures in a process of its own, where garbage can be collected: two plateaus after as many
 * rounds each, so that what is made once counts for nothing. What stays of each round stays in
 * every
 * series; what the engine makes at some time, such as compiled code, does not.
 */
const PROGRAM = `
import { createConnection, createServer, memoryTransportPair, startTls } from "@sluice/net";
const read = (name) => Deno.readTextFileSync("examples/certificates/" + name);
const own = { cert: read("localhost.crt"), key: read("localhost.key"), engine: "layer" };
const trusting = { caCerts: [read("ca.crt")], serverName: "localhost", engine: "layer" };
const HALF_HELLO = new Uint8Array([22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3]);
let told = 0;
let onTold = () => {};
const onError = () => { told++; onTold(); };
const until = async (count) => { while (told < count) await new Promise((next) => onTold = next); };
const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
(async () => {
  for await (const conn of silent) {
    (async () => {
      const bytes = new Uint8Array(4096);
      try { while (await conn.read(bytes) !== null) continue; } catch { /* reset */ }
      conn.close();
    })();
  }
})();

async function serve(tls, visit) {
  const server = await createServer(() => ({}), { port: 0, tls: { ...own, ...tls }, onError });
  return { round: async () => {
    const before = told;
    await visit(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
    await until(before + 1);
  } };
}

const ROUNDS = {
  "server, connects and leaves": () => serve({}, (conn) => conn.close()),
  "server, leaves in its hello": () =>
    serve({}, async (conn) => { await conn.write(HALF_HELLO); conn.close(); }),
  "server, sends something else": () =>
    serve({}, async (conn) => {
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\\r\\n\\r\\n"));
      const bytes = new Uint8Array(4096);
      try { while (await conn.read(bytes) !== null) continue; } catch { /* reset */ }
      conn.close();
    }),
  "server, says nothing in time": () =>
    serve({ handshakeTimeout: 1 }, async (conn) => {
      const bytes = new Uint8Array(1);
      try { await conn.read(bytes); } catch { /* reset */ }
      conn.close();
    }),
  "client, timeout": async () => ({ round: () =>
    createConnection(() => ({}), { port: silent.addr.port, tls: { ...trusting, handshakeTimeout: 1 } })
      .catch(() => {}) }),
  "client, abort": async () => ({ round: () => {
    const cancel = new AbortController();
    const options = { port: silent.addr.port, tls: trusting, signal: cancel.signal };
    const connecting = createConnection(() => ({}), options).catch(() => {});
    setTimeout(() => cancel.abort(), 1);
    return connecting;
  } }),
  "client, refuses the name": async () => {
    const server = await createServer(() => ({}), { port: 0, tls: own, onError });
    const tls = { ...trusting, serverName: "elsewhere.example" };
    return { round: async () => {
      const before = told;
      await createConnection(() => ({}), { port: server.port, tls }).catch(() => {});
      await until(before + 1);
    } };
  },
  "a connection that ends in order": async () => {
    let onLost = () => {};
    const server = await createServer(() => ({ connectionLost: () => onLost() }), { port: 0, tls: own });
    return { round: async () => {
      const lost = new Promise((resolve) => onLost = resolve);
      const { transport } = await createConnection(() => ({}), { port: server.port, tls: trusting });
      transport.close();
      await Promise.all([transport.closed, lost]);
    } };
  },
  "startTls(), abort": async () => ({ round: async () => {
    const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
    const cancel = new AbortController();
    const starting = startTls(a.transport, {}, { ...trusting, signal: cancel.signal });
    cancel.abort();
    await starting.catch(() => {});
    b.transport.abort();
    await Promise.all([a.transport.closed, b.transport.closed]);
  } }),
};

async function heap() {
  let least = Infinity;
  for (let i = 0; i < 6; i++) {
    await new Promise((next) => setTimeout(next, 15));
    gc();
    least = Math.min(least, Deno.memoryUsage().heapUsed);
  }
  return least;
}

const { round } = await ROUNDS[Deno.args[0]]();
const rounds = async (count) => { for (let i = 0; i < count; i++) await round(); };
await rounds(100);
const [count, most] = [Number(Deno.args[1]), Number(Deno.args[2])];
let before = await heap();
let each = Infinity;
for (let series = 0; series < 4 && each >= most; series++) {
  await rounds(count);
  const after = await heap();
  each = Math.min(each, Math.round((after - before) / count));
  before = after;
}
console.log(each);
Deno.exit(0);
`;

/** The cases of the program, and how many rounds each is tried. */
const CASES: Readonly<Record<string, number>> = {
  "server, connects and leaves": 600,
  "server, leaves in its hello": 600,
  "server, sends something else": 300,
  "server, says nothing in time": 300,
  "client, timeout": 300,
  "client, abort": 300,
  // Memory that is taken once, such as compiled code, weighs less with more rounds.
  "client, refuses the name": 900,
  "a connection that ends in order": 300,
  "startTls(), abort": 300,
};

for (const [name, count] of Object.entries(CASES)) {
  Deno.test(`A failed handshake leaves nothing in memory (${name})`, async () => {
    const root = new URL("../../../../", import.meta.url);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--no-lock", "--v8-flags=--expose-gc", "--ext=js"],
        ...["-", name, String(count), String(MAX_LEFT)],
      ],
      cwd: root,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode(PROGRAM));
    await stdin.close();
    const { stdout } = await child.output();
    const each = Number(new TextDecoder().decode(stdout));
    assert(each < MAX_LEFT, `${each} bytes stay of each`);
  });
}
