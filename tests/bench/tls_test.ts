import { assert, assertEquals, assertRejects } from "@std/assert";
import { Children } from "../../bench/harness/children.ts";
import {
  type LoadArguments,
  LoadGenerator,
  type LoadResult,
  WrongAnswerError,
} from "../../bench/harness/load_generator.ts";
import { parseReport } from "../../bench/harness/report.ts";
import { SERVERS } from "../../bench/servers/catalogue.ts";
import { localhost } from "../transports/tls/certificates.ts";

const children = new Children();
const anywhere = { serverCore: null, loadCore: null, text: "" };
const generator = await LoadGenerator.prepare(
  children,
  { missing: "not wanted here" },
  anywhere,
  "",
  "deno",
);
const SHORT = { connections: 4, size: 64, warmup: 50, duration: 200, tls: true } as const;

/** Echoes; changes the byte of each connection whose number is `spoiled`. */
async function echo(conn: Deno.TlsConn, spoiled: number): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let seen = 0;
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    const place = spoiled - seen;
    seen += n;
    if (place >= 0 && place < n) buffer[place] = (buffer[place] ?? 0) ^ 1;
    for (let sent = 0; sent < n;) sent += await conn.write(buffer.subarray(sent, n));
  }
}

/** Runs a TLS server in this process and the load generator against it. */
async function drive(load: LoadArguments, spoiled = Infinity): Promise<LoadResult> {
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...localhost });
  const handlers: Promise<void>[] = [];
  const served = (async () => {
    for await (const conn of listener) {
      // The generator goes away with answers under way: that ends the handler.
      handlers.push(echo(conn, spoiled).catch(() => {}).finally(() => conn.close()));
    }
  })();
  try {
    return await generator.run(listener.addr.port, Deno.pid, load);
  } finally {
    listener.close();
    await served;
    await Promise.all(handlers);
  }
}

Deno.test("LoadGenerator.run() over TLS counts what an honest server answers", async () => {
  const result = await drive({ ...SHORT, mode: "echo", depth: 3 });
  assert((result.messages ?? 0) > 0, "no messages");
  assertEquals(result.bytes, 64 * (result.messages ?? 0));
});

Deno.test("LoadGenerator.run() over TLS rejects when one byte is wrong", async () => {
  for (const mode of ["echo", "once"] as const) {
    const load = { ...SHORT, mode, messages: 3 };
    await assertRejects(() => drive(load, 100), WrongAnswerError, "expected");
  }
});

Deno.test("LoadGenerator.run() over TLS fails when the server speaks something else", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refusing = (async () => {
    for await (const conn of listener) {
      await conn.write(new TextEncoder().encode("220 ready\r\n")).catch(() => {});
      conn.close();
    }
  })();
  const load = { ...SHORT, mode: "echo" } as const;
  await assertRejects(() => generator.run(listener.addr.port, Deno.pid, load), Error);
  listener.close();
  await refusing;
});

Deno.test("bench measures every server behind TLS that is installed", async () => {
  const main = decodeURIComponent(new URL("../../bench/main.ts", import.meta.url).pathname);
  const names = SERVERS.filter(({ roles }) => roles.tls !== undefined).map(({ name }) => name);
  const options = ["--rounds", "1", "--window", "100", "--json", "-", "--load", "deno"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "--scenario", "tls-b", "--only", names.join(","), ...options],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { rows, leftOut } = parseReport(new TextDecoder().decode(stdout));
  assertEquals(rows.filter(({ failure }) => failure !== null), []);
  const measured = new Set(rows.map(({ server }) => server));
  assertEquals(measured.size + leftOut.length, names.length + 1); // the raw loop twice
  assert(measured.has("sluice-tls-native") && measured.has("sluice-tls-layer"));
});
