import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../client.ts";
import { talk, testWith } from "../../support/peers/outside_peer.ts";
import { runExample, startExample } from "../run_example.ts";
import { unixTest as test } from "../../support/runs/has_unix_sockets.ts";

/** Runs a test with a path for a socket in a folder of its own. */
async function withPath(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/echo.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`unix_echo closes its clients and removes its file on ${signal}`, () =>
    withPath(async (path) => {
      await using server = startExample("unix_echo", ["--path", path]);
      await server.line(new RegExp(`^listening on ${path}$`));
      const client = await Client.connect({ path });
      assertEquals(await client.ask("hello", "hello"), "hello");
      const outcome = await server.stop(signal);
      assertEquals([outcome.code, outcome.stderr], [0, []]);
      assertEquals((await client.ended()).endedBy, "peer");
      assertEquals(await Array.fromAsync(Deno.readDir(path.replace(/\/[^/]*$/, ""))), []);
    }));
}

test("unix_echo with --message is a client", () =>
  withPath(async (path) => {
    await using server = startExample("unix_echo", ["--path", path]);
    await server.line(/^listening/);
    const outcome = await runExample("unix_echo", ["--path", path, "--message", "neighbour"]);
    assertEquals(outcome, { code: 0, stdout: ["neighbour"], stderr: [] });
  }));

test("unix_echo reuses the path of a server that was killed", () =>
  withPath(async (path) => {
    const killed = startExample("unix_echo", ["--path", path]);
    await killed.line(/^listening/);
    await killed.kill();
    assertEquals((await Deno.lstat(path)).isSocket, true);
    await using server = startExample("unix_echo", ["--path", path]);
    await server.line(/^listening/);
  }));

test("unix_echo exits with one line when a file exists or a server listens at the path", () =>
  withPath(async (path) => {
    await Deno.writeTextFile(path, "precious");
    const onFile = await runExample("unix_echo", ["--path", path]);
    assertEquals([onFile.code, onFile.stderr.length], [1, 1]);
    assertMatch(onFile.stderr.join(), /Cannot listen on .*not a socket.*; choose another/);
    assertEquals(await Deno.readTextFile(path), "precious");
    await Deno.remove(path);

    await using first = startExample("unix_echo", ["--path", path]);
    await first.line(/^listening/);
    const onServer = await runExample("unix_echo", ["--path", path]);
    assertEquals([onServer.code, onServer.stderr.length], [1, 1]);
    assertMatch(onServer.stderr.join(), /Cannot listen on .*in use.*; choose another/);
  }));

test("unix_echo ends with one line without the permission for files", () =>
  withPath(async (path) => {
    const outcome = await runExample("unix_echo", ["--path", path], { flags: ["--allow-net"] });
    assertEquals([outcome.code, outcome.stderr.length], [1, 1]);
    assertMatch(
      outcome.stderr.join(),
      /^unix_echo: Cannot listen on .* needs --allow-net --allow-read --allow-write\)$/,
    );
  }));

for (const [program, args] of [["nc", ["-U"]], ["socat", ["-"]]] as const) {
  testWith(program, `unix_echo echoes to ${program}`, () =>
    withPath(async (path) => {
      await using server = startExample("unix_echo", ["--path", path]);
      await server.line(/^listening/);
      const address = program === "nc" ? path : `UNIX-CONNECT:${path}`;
      assertEquals(await talk(program, [...args, address], "hello\n", "hello\n"), "hello\n");
    }));
}
