import { assertEquals, assertRejects } from "@std/assert";
import {
  createConnection,
  createServer,
  createSubprocessExec,
  openConnection,
  type Process,
} from "@sluice/net";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./serving_program.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Windows cannot send signals to a process, only end it. */
const ignore = Deno.build.os === "windows";

type Line = () => Promise<string>;

/** Starts the program; gives it, its port, and its next line. */
async function start(...args: readonly string[]): Promise<[Process, number, Line]> {
  const program = await createSubprocessExec(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, ...args],
    stdout: "piped",
    cwd: ROOT,
  });
  const line = async () => (await program.stdout.readline({ as: "text" })).trim();
  return [program, Number(await line()), line];
}

for (const kind of ["callbacks", "streams"]) {
  Deno.test({
    name: `serveUntilSignal() ends a server of ${kind} at SIGTERM without using up the grace`,
    ignore,
    async fn(): Promise<void> {
      const [program, port, line] = await start(kind, '{"grace":600000}');
      await using client = await openConnection({ port });
      assertEquals(await client.reader.readexactly(5), new TextEncoder().encode("hello"));
      client.writer.write("line\n");
      assertEquals(await client.reader.readline({ as: "text" }), "line\n");
      program.sendSignal("SIGTERM");
      assertEquals(await client.reader.read(), new Uint8Array(0));
      assertEquals(await line(), "signal");
      assertEquals(JSON.parse(await line()), { finished: 1, aborted: 0, signal: "SIGTERM" });
      assertEquals(await program.wait(), 0);
      await program.closed;
    },
  });
}

Deno.test({
  name: "serveUntilSignal() aborts what is left at a second signal, of any kind",
  ignore,
  async fn(): Promise<void> {
    const [program, port, line] = await start("stubborn", '{"grace":600000}');
    await using client = await openConnection({ port });
    await client.reader.readexactly(5);
    program.sendSignal("SIGINT");
    assertEquals(await line(), "signal");
    program.sendSignal("SIGTERM");
    assertEquals(JSON.parse(await line()), { finished: 0, aborted: 1, signal: "SIGINT" });
    assertEquals(await program.wait(), 0);
    await program.closed;
  },
});

Deno.test({
  name: "serveUntilSignal() aborts after the grace a client that takes nothing",
  ignore,
  async fn(): Promise<void> {
    const [program, port, line] = await start("callbacks", '{"grace":50}');
    const { transport } = await createConnection(() => ({}), { port });
    transport.write("Much");
    transport.pauseReading();
    // Its greeting is on its way, so the server has the connection.
    await using other = await openConnection({ port });
    await other.reader.readexactly(5);
    program.sendSignal("SIGTERM");
    assertEquals(await line(), "signal");
    const { finished, aborted } = JSON.parse(await line());
    assertEquals(finished + aborted, 2);
    assertEquals(await program.wait(), 0);
    transport.abort();
    await transport.closed;
    await program.closed;
  },
});

Deno.test({
  name: "serveUntilSignal() leaves clients alone within the grace with closeClients: false",
  ignore,
  async fn(): Promise<void> {
    const [program, port, line] = await start("callbacks", '{"grace":600000,"closeClients":false}');
    await using client = await openConnection({ port });
    await client.reader.readexactly(5);
    program.sendSignal("SIGTERM");
    assertEquals(await line(), "signal");
    client.writer.write("still\n");
    assertEquals(await client.reader.readline({ as: "text" }), "still\n");
    await client.close();
    assertEquals(JSON.parse(await line()), { finished: 1, aborted: 0, signal: "SIGTERM" });
    await program.closed;
  },
});

Deno.test({
  name: "serveUntilSignal() does not take the signal that ends children for a second one",
  ignore,
  async fn(): Promise<void> {
    const [program, port, line] = await start("stubborn", '{"grace":600000}', "child");
    await using client = await openConnection({ port });
    await client.reader.readexactly(5);
    program.sendSignal("SIGTERM");
    assertEquals(await line(), "signal");
    client.writer.write("still\n");
    assertEquals(await client.reader.readline({ as: "text" }), "still\n");
    client.writer.writeEof();
    assertEquals(JSON.parse(await line()), { finished: 1, aborted: 0, signal: "SIGTERM" });
    await program.closed;
  },
});

Deno.test("serveUntilSignal() ends with the server when that is closed, and listens to signals no more", async () => {
  const server = await createServer(() => ({}), { port: 0 });
  const serving = server.serveUntilSignal();
  server.close();
  assertEquals(await serving, { finished: 0, aborted: 0, signal: null });
});

Deno.test("serveUntilSignal() refuses signals that the system has not, before it serves", async () => {
  await using server = await createServer(() => ({}), { port: 0, startServing: false });
  for (const signals of [["SIGTERM", "SIGNOTHING"], ["SIGKILL"]]) {
    await assertRejects(
      () => server.serveUntilSignal({ signals }),
      TypeError,
      `this system has no "${signals.at(-1)}" to listen for`,
    );
  }
  await assertRejects(() => server.serveUntilSignal({ signals: [] }), TypeError, "an empty list");
  await assertRejects(() => server.serveUntilSignal({ grace: -1 }), RangeError, "grace -1 is not");
  await assertRejects(
    () => server.serveUntilSignal({ signals: "SIGINT" } as never),
    TypeError,
    "write signals: [ … ]",
  );
  assertEquals(server.isServing(), false);
});
