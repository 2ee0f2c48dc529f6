import { assertEquals, assertRejects } from "@std/assert";
import {
  createConnection,
  createServer,
  createSubprocessExec,
  openConnection,
  type Process,
  type StreamConnection,
} from "@sluice/net";
import { fileURLToPath } from "node:url";
import { posixTest } from "../../support/runs/posix_test.ts";

const PROGRAM = fileURLToPath(new URL("./serving_program.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
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

/** A client that was greeted: the server has its connection. */
async function greeted(port: number): Promise<StreamConnection> {
  const client = await openConnection({ port });
  assertEquals(await client.reader.readexactly(5), new TextEncoder().encode("hello"));
  return client;
}

/** Sends a line and gets it back. */
async function exchange({ reader, writer }: StreamConnection): Promise<void> {
  writer.write("line\n");
  assertEquals(await reader.readline({ as: "text" }), "line\n");
}

for (const kind of ["callbacks", "streams"]) {
  posixTest(
    `serveUntilSignal() ends a server of ${kind} at SIGTERM without using up the grace`,
    async () => {
      const [program, port, line] = await start(kind, '{"grace":600000}');
      await using client = await greeted(port);
      await exchange(client);
      program.sendSignal("SIGTERM");
      assertEquals(await client.reader.read(), new Uint8Array(0));
      assertEquals(await line(), "signal");
      assertEquals(JSON.parse(await line()), { finished: 1, aborted: 0, signal: "SIGTERM" });
      assertEquals(await program.wait(), 0);
      await program.closed;
    },
  );
}

posixTest("serveUntilSignal() aborts what is left at a second signal, of any kind", async () => {
  const [program, port, line] = await start("stubborn", '{"grace":600000}');
  await using _client = await greeted(port);
  program.sendSignal("SIGINT");
  assertEquals(await line(), "signal");
  program.sendSignal("SIGTERM");
  assertEquals(JSON.parse(await line()), { finished: 0, aborted: 1, signal: "SIGINT" });
  assertEquals(await program.wait(), 0);
  await program.closed;
});

posixTest("serveUntilSignal() aborts a client that does not read after the grace", async () => {
  const [program, port, line] = await start("callbacks", '{"grace":50}');
  const { transport } = await createConnection(() => ({}), { port });
  transport.write("Much");
  transport.pauseReading();
  // The server accepts in order, so it has that connection once this one is greeted.
  await using _other = await greeted(port);
  program.sendSignal("SIGTERM");
  assertEquals(await line(), "signal");
  const { finished, aborted } = JSON.parse(await line());
  assertEquals(finished + aborted, 2);
  assertEquals(await program.wait(), 0);
  transport.abort();
  await transport.closed;
  await program.closed;
});

posixTest(
  "serveUntilSignal() does not close clients within the grace with closeClients: false",
  async () => {
    const [program, port, line] = await start("callbacks", '{"grace":600000,"closeClients":false}');
    await using client = await greeted(port);
    program.sendSignal("SIGTERM");
    assertEquals(await line(), "signal");
    await exchange(client);
    await client.close();
    assertEquals(JSON.parse(await line()), { finished: 1, aborted: 0, signal: "SIGTERM" });
    await program.closed;
  },
);

posixTest(
  "serveUntilSignal() does not take the signal that ends children for a second one",
  async () => {
    const [program, port, line] = await start("stubborn", '{"grace":600000}', "child");
    await using client = await greeted(port);
    program.sendSignal("SIGTERM");
    assertEquals(await line(), "signal");
    await exchange(client);
    client.writer.writeEof();
    assertEquals(JSON.parse(await line()), { finished: 1, aborted: 0, signal: "SIGTERM" });
    await program.closed;
  },
);

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
