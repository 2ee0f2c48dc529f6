import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "./client.ts";
import { examples, runExample, startExample, testWithSignals } from "./run_example.ts";

const SERVERS = [
  "echo_server",
  "greeting_server",
  "robust_greeting_server",
  "stream_echo_server",
  "web_echo_server",
];

Deno.test("every example names itself, and how to run it, in its header", async () => {
  const folder = new URL("../../examples/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ts") || name.startsWith("_")) continue;
    const header = (await Deno.readTextFile(new URL(name, folder))).split("*/", 1)[0] ?? "";
    const example = name.slice(0, -".ts".length);
    assert(examples.some((one) => one.name === example), `${name}: no "deno run" line`);
    assertMatch(header, new RegExp(`deno task example ${example}\\b|deno task demo\\b`), name);
  }
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
      assertMatch(outcome.stdout.join("\n"), /^stopping, [12] connections to close$/m);
    });
  }

  Deno.test(`${name} ends with one line when its port is in use`, async () => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr;
    const outcome = await runExample(name, ["--port", String(port)]);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [1, [], 1]);
    assertMatch(
      outcome.stderr.join(),
      new RegExp(`^${name}: Cannot listen on 127\\.0\\.0\\.1:${port}: .*; choose another --port`),
    );
  });

  Deno.test(`${name} ends with one line without the permission for the network`, async () => {
    const outcome = await runExample(name, ["--port", "0"], { flags: [] });
    assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [1, [], 1]);
    assertMatch(outcome.stderr.join(), /^\w+: .*run again with the --allow-net flag$/);
  });

  Deno.test(`${name} ends with one line and its usage for a flag it does not know`, async () => {
    const outcome = await runExample(name, ["--prot", "0"]);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [2, [], 1]);
    assertMatch(outcome.stderr.join(), /^\w+: Unknown option '--prot'; usage: .*\[--port PORT\]/);
  });
}

const BAD_FLAGS: [args: string[], complaint: string][] = [
  [["--port", "many"], 'Cannot use --port: "many" is not a whole number'],
  [["--port", "65536"], "Cannot listen: port 65536 is not in 0 to 65535"],
  [["--port", "-1"], "Option '--port' argument is ambiguous; usage: …"],
  [["--port"], "Option '--port <value>' argument missing; usage: …"],
  [["--path", "a.sock", "--port", "1"], 'Cannot listen: path "a.sock" given together with port 1'],
  [["8888"], "Unexpected argument '8888'; usage: …"],
];

for (const [args, complaint] of BAD_FLAGS) {
  Deno.test(`echo_server ends with one line for ${args.join(" ")}`, async () => {
    const outcome = await runExample("echo_server", args);
    assert(outcome.code > 0);
    const lines = outcome.stderr.map((line) => line.replace(/usage: .*$/, "usage: …"));
    assertEquals(lines, [`echo_server: ${complaint}`]);
  });
}

Deno.test("echo_server prints its flags on --help", async () => {
  const outcome = await runExample("echo_server", ["--help"]);
  assertEquals(outcome, {
    code: 0,
    stdout: ["usage: echo_server [--hostname HOSTNAME] [--port PORT] [--path PATH]"],
    stderr: [],
  });
});
