import { type LayerFactory, startServer } from "@sluice/net";
import { compression } from "@sluice/net/layers";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { encryption } from "../../../examples/_encryption.ts";
import { Client } from "../client.ts";
import { examples, runExample, startExample, testWithSignals } from "../run_example.ts";

/** Those that answer to a word with that word. */
const SERVERS = [
  "echo_server",
  "greeting_server",
  "robust_greeting_server",
  "stream_echo_server",
  "web_echo_server",
];

const KEY = "0123456789abcdef".repeat(4);

/** All others with a port, and the flags with which they serve. */
const OTHERS: Record<string, readonly string[]> = {
  "capture": [],
  "chat_server": [],
  "encrypted_echo": ["--key", KEY],
  "json_rpc": [],
  "layered_echo": ["--key", KEY],
  "memcached_server": [],
  "mutual_tls": ["--serve"],
  "production_server": [],
  "redis/server": [],
  "starttls_smtp": [],
  "tcp_proxy": [],
  "tls_echo": [],
  "websocket_bridge": [],
};

const CAPTURE_FILE = ".conventions.pcapng";

/**
 * How a client of some of those gets its first answer. The others have tests of their own for that.
 */
const TALKS: Record<string, (client: Client) => Promise<unknown>> = {
  "capture": (client) => client.ask("hello", "hello"),
  "chat_server": (client) => client.receive("What is your name?\r\n".length),
  "encrypted_echo": (client) => client.ask("hello", "hello"),
  "json_rpc": (client) => client.ask("Content-Length: 2\r\n\r\n{}", "Content-Length"),
  "layered_echo": (client) => client.ask("hello", "hello"),
  "memcached_server": (client) => client.ask("get a\r\n", "END\r\n"),
  "redis/server": (client) => client.ask("PING\r\n", "+PONG\r\n"),
  "tcp_proxy": (client) => client.ask("hello", "hello"),
};

/** The layers of those that have some. */
const LAYERS: Record<string, readonly LayerFactory[]> = {
  "encrypted_echo": [encryption(Uint8Array.fromHex(KEY))],
  "layered_echo": [encryption(Uint8Array.fromHex(KEY)), compression({ format: "deflate-raw" })],
};

async function checkPortInUse(name: string, args: readonly string[]): Promise<void> {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const outcome = await runExample(name, [...args, "--port", String(port)]);
  assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [1, [], 1]);
  assertMatch(
    outcome.stderr.join(),
    new RegExp(`^[\\w/]+: Cannot listen on 127\\.0\\.0\\.1:${port}: .*; choose another --port`),
  );
}

/** With its other permissions it is the network that it lacks. */
async function checkPermission(name: string, args: readonly string[]): Promise<void> {
  const own = examples.find((one) => one.name === name)?.flags ?? [];
  const flags = own.filter((flag) => !flag.startsWith("--allow-net"));
  const outcome = await runExample(name, [...args, "--port", "0"], { flags });
  assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [1, [], 1]);
  assertMatch(outcome.stderr.join(), /^[\w/]+: .*run again with the --allow-net flag$/);
}

async function checkUnknownFlag(name: string, args: readonly string[]): Promise<void> {
  const outcome = await runExample(name, [...args, "--prot", "0"]);
  assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [2, [], 1]);
  assertMatch(outcome.stderr.join(), /^[\w/]+: Unknown option '--prot'; usage: .*\[--port PORT\]/);
}

Deno.test("every example names itself, and how to run it, in its header", async () => {
  const folder = new URL("../../../examples/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ts") || name.startsWith("_")) continue;
    const header = (await Deno.readTextFile(new URL(name, folder))).split("*/", 1)[0] ?? "";
    const example = name.slice(0, -".ts".length);
    assert(examples.some((one) => one.name === example), `${name}: no "deno run" line`);
    assertMatch(header, new RegExp(`deno task example ${example}\\b|deno task demo\\b`), name);
  }
});

Deno.test("every example that serves until Ctrl-C is tested for what servers have in common", async () => {
  const folder = new URL("../../../examples/", import.meta.url);
  const tested = [...SERVERS, ...Object.keys(OTHERS), "unix_echo"].sort();
  const serving: string[] = [];
  for (const { name } of examples) {
    const source = await Deno.readTextFile(new URL(`${name}.ts`, folder));
    if (/serveUntilStopped|serveUntilSignal|stopRequested|runSecretEcho/.test(source)) {
      serving.push(name);
    }
  }
  assertEquals(serving, tested);
});

for (const name of SERVERS) {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    testWithSignals(`${name} closes its clients and ends with code 0 on ${signal}`, async () => {
      await using server = startExample(name, ["--port", "0"]);
      const port = await server.port();
      await using idle = await Client.connect({ port });
      // Connections are accepted in their order: with this one served, the idle one is there.
      await using other = await Client.connect({ port });
      await other.ask("hello", "hello");
      const outcome = await server.stop(signal);
      const { endedBy, error } = await idle.ended();
      assertEquals({ endedBy, error }, { endedBy: "peer", error: null });
      assertEquals([outcome.code, outcome.stderr], [0, []]);
      assertMatch(outcome.stdout.join("\n"), /^stopping, (1 connection|2 connections) to close$/m);
    });
  }
}

for (const [name, talk] of Object.entries(TALKS)) {
  testWithSignals(`${name} closes its client and ends with code 0 on SIGTERM`, async () => {
    await using target = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
      port: 0,
    });
    const needs = {
      ...(name === "capture" && { "--file": CAPTURE_FILE }),
      ...(name === "capture" || name === "tcp_proxy"
        ? { "--target": `127.0.0.1:${target.port}` }
        : {}),
    };
    const args = [...OTHERS[name] ?? [], "--port", "0", ...Object.entries(needs).flat()];
    try {
      await using server = startExample(name, args);
      await using client = await Client.connect({
        port: await server.port(),
        layers: LAYERS[name] ?? [],
      });
      await talk(client);
      const { code, stdout, stderr } = await server.stop("SIGTERM");
      const { endedBy, error } = await client.ended();
      assertEquals([endedBy, error, code, stderr], ["peer", null, 0, []]);
      assertMatch(stdout.join("\n"), /^stopping, 1 connection to close$/m);
    } finally {
      if (name === "capture") await Deno.remove(CAPTURE_FILE);
    }
  });
}

for (
  const [name, args] of [...SERVERS.map((name) => [name, []] as const), ...Object.entries(OTHERS)]
) {
  Deno.test(`${name} ends with one line when its port is in use, without its permission, and for a flag it does not know`, async () => {
    await Promise.all([
      checkPortInUse(name, args),
      checkPermission(name, args),
      checkUnknownFlag(name, args),
    ]);
  });
}
