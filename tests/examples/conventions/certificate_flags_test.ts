import { openConnection, type TlsOptions } from "@sluice/net";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Client } from "../client.ts";
import { runExample, startExample, testWithSignals } from "../run_example.ts";

const FOLDER = new URL("../../../examples/certificates/", import.meta.url);
const EXAMPLES = ["tls_echo", "starttls_smtp", "mutual_tls"];

function pathOf(name: string): string {
  return decodeURIComponent(new URL(name, FOLDER).pathname);
}

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, FOLDER));
}

const trusting: TlsOptions = { caCerts: [read("ca.crt")], serverName: "localhost" };
const ada: TlsOptions = { cert: read("client.crt"), key: read("client.key") };

/** The flags for the certificate and the key of that name. */
function shown(name: string): string[] {
  return ["--cert", pathOf(`${name}.crt`), "--key", pathOf(`${name}.key`)];
}

/** Upgrades a connection to starttls_smtp, and gives what it answers then. */
async function answerAfterUpgrade(port: number, tls: TlsOptions): Promise<string> {
  await using connection = await openConnection({ port });
  const { reader, writer } = connection;
  const line = async () => new TextDecoder().decode(await reader.readline()).trim();
  assertEquals(await line(), "220 localhost ready");
  writer.write("STARTTLS\r\n");
  assertEquals(await line(), "220 go ahead");
  await connection.startTls(tls);
  writer.write("NOOP\r\n");
  return await line();
}

/** The answer of mutual_tls to a client. */
async function greeting(port: number, tls: TlsOptions): Promise<string> {
  await using connection = await openConnection({ port, tls });
  return new TextDecoder().decode(await connection.reader.readline()).trim();
}

Deno.test("The TLS examples end with one line for --cert without --key, and the other way", async () => {
  const ends = await Promise.all(
    EXAMPLES.flatMap((name) => [
      runExample(name, ["--port", "0", "--cert", pathOf("localhost.crt")]),
      runExample(name, ["--port", "0", "--key", pathOf("localhost.key")]),
      ...(name === "tls_echo"
        ? [runExample(name, ["--connect", "--key", pathOf("client.key")])]
        : []),
    ]),
  );
  assertEquals(ends.map(({ code, stdout, stderr }) => [code, stdout, stderr.join()]), [
    [2, [], "tls_echo: Cannot use --cert without --key"],
    [2, [], "tls_echo: Cannot use --key without --cert"],
    [2, [], "tls_echo: Cannot use --key without --cert"],
    [2, [], "starttls_smtp: Cannot use --cert without --key"],
    [2, [], "starttls_smtp: Cannot use --key without --cert"],
    [2, [], "mutual_tls: Cannot use --cert without --key"],
    [2, [], "mutual_tls: Cannot use --key without --cert"],
  ]);
});

Deno.test("tls_echo with --ca accepts clients with a certificate of that authority, and no other", async () => {
  await using server = startExample("tls_echo", ["--port", "0", "--ca", pathOf("ca.crt")]);
  const args = ["--connect", "--port", String(await server.port())];
  const [known, unknown] = await Promise.all([
    runExample("tls_echo", [...args, ...shown("client")]),
    runExample("tls_echo", args),
  ]);
  assertEquals([known.code, known.stderr], [0, []]);
  assertEquals(known.stdout.at(-1), "received: Hello World!");
  assertEquals([unknown.code, unknown.stderr.length], [1, 1]);
});

Deno.test("tls_echo --connect with --ca trusts that authority, and no other", async () => {
  await using server = startExample("tls_echo", ["--port", "0", ...shown("localhost")]);
  const args = ["--connect", "--port", String(await server.port()), "--ca"];
  const [known, unknown] = await Promise.all([
    runExample("tls_echo", [...args, pathOf("ca.crt")]),
    runExample("tls_echo", [...args, pathOf("stranger.crt")]),
  ]);
  assertEquals([known.code, known.stderr], [0, []]);
  assertEquals([unknown.code, unknown.stdout, unknown.stderr.length], [1, [], 1]);
});

Deno.test("starttls_smtp shows the certificate of --cert and --key", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0", ...shown("other")]);
  const port = await server.port();
  assertEquals(
    await answerAfterUpgrade(port, { ...trusting, serverName: "other.example" }),
    "250 ok",
  );
  await assertRejects(() => answerAfterUpgrade(port, trusting), Error, "localhost");
});

Deno.test("starttls_smtp with --ca accepts clients with a certificate of that authority, and no other", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0", "--ca", pathOf("ca.crt")]);
  await using strict = startExample("starttls_smtp", [
    "--port",
    "0",
    "--ca",
    pathOf("stranger.crt"),
  ]);
  const port = await server.port();
  assertEquals(await answerAfterUpgrade(port, { ...trusting, ...ada }), "250 ok");
  await assertRejects(() => answerAfterUpgrade(port, trusting));
  const strictPort = await strict.port();
  await assertRejects(() => answerAfterUpgrade(strictPort, { ...trusting, ...ada }));
});

Deno.test("mutual_tls with --cert and --key serves, and shows them", async () => {
  await using server = startExample("mutual_tls", ["--port", "0", ...shown("other")]);
  const tls = { ...trusting, ...ada, serverName: "other.example" };
  assertEquals(await greeting(await server.port(), tls), "Hello, Ada Lovelace!");
});

Deno.test("mutual_tls with --ca serves, and refuses clients of another authority", async () => {
  await using server = startExample("mutual_tls", ["--port", "0", "--ca", pathOf("stranger.crt")]);
  const port = await server.port();
  await assertRejects(() => greeting(port, { ...trusting, ...ada }));
  await server.line(/^refused: Cannot complete TLS/);
});

testWithSignals(
  "starttls_smtp closes its clients, in clear and encrypted, and ends with code 0 on either signal",
  async () => {
    await Promise.all((["SIGTERM", "SIGINT"] as const).map(async (signal) => {
      await using server = startExample("starttls_smtp", ["--port", "0"]);
      const port = await server.port();
      await using idle = await Client.connect({ port });
      await idle.receive("220 localhost ready\r\n".length);
      await using secure = await openConnection({ port });
      await secure.reader.readline();
      secure.writer.write("STARTTLS\r\n");
      await secure.reader.readline();
      await secure.startTls(trusting);
      secure.writer.write("NOOP\r\n");
      await secure.reader.readline();
      const stopping = server.stop(signal);
      assertEquals((await secure.reader.readline()).length, 0);
      // Until we end it as well the server waits a while for our end of the encryption.
      secure.transport.close();
      const { code, stdout, stderr } = await stopping;
      const { endedBy, error } = await idle.ended();
      assertEquals([endedBy, error, code, stderr], ["peer", null, 0, []]);
      assertMatch(stdout.join("\n"), /^stopping, 2 connections to close$/m);
    }));
  },
);

testWithSignals(
  "mutual_tls --serve ends its clients, also in mid-handshake, and itself with code 0 on either signal",
  async () => {
    await Promise.all((["SIGTERM", "SIGINT"] as const).map(async (signal) => {
      await using server = startExample("mutual_tls", ["--serve", "--port", "0"]);
      const port = await server.port();
      // It says nothing, so that its handshake is under way for good.
      await using silent = await Client.connect({ port });
      await using greeted = await openConnection({ port, tls: { ...trusting, ...ada } });
      const line = new TextDecoder().decode(await greeted.reader.readline());
      assertEquals(line, "Hello, Ada Lovelace!\n");
      const stopping = server.stop(signal);
      // The server has said goodbye; it waits a while for ours.
      greeted.transport.close();
      const { code, stderr } = await stopping;
      assertEquals([code, stderr], [0, []]);
      await silent.ended();
    }));
  },
);
