import { assertEquals, assertMatch } from "@std/assert";
import { deadline } from "@std/async";
import { openConnection } from "@sluice/net";
import { talk, testWith } from "../../support/peers/outside_peer.ts";
import { runExample, startExample, testWithSignals } from "../run_example.ts";

const CERTIFICATES = decodeURIComponent(
  new URL("../../../examples/certificates/", import.meta.url).pathname,
);

/** Runs a program to its end and gives what it printed, on both pipes. */
async function print(program: string, args: readonly string[], input: string): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(input));
  await stdin.close();
  const { stdout, stderr } = await deadline(child.output(), 20_000);
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** As {@linkcode testWith}: swaks answers -h with its manual in a pager. */
function testWithSwaks(name: string, fn: () => Promise<void>): void {
  const ignore = !knowsTls() && Deno.env.get("CI") !== "true";
  if (ignore) console.log(`skipped, swaks is not installed, or without Net::SSLeay: ${name}`);
  Deno.test({ name, ignore, fn });
}

function knowsTls(): boolean {
  try {
    const { stdout } = new Deno.Command("swaks", { args: ["--support"], stdin: "null" })
      .outputSync();
    return new TextDecoder().decode(stdout).includes("TLS supported");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

testWithSignals("tls_echo answers its own client, and stops in good order", async () => {
  await using server = startExample("tls_echo", ["--port", "0"]);
  const port = String(await server.port());
  const { code, stdout, stderr } = await runExample("tls_echo", ["--connect", "--port", port]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout, ["engine native", "received: Hello World!"]);
  assertEquals((await server.stop("SIGTERM")).code, 0);
});

Deno.test("tls_echo takes certificates by flags", async () => {
  const files = ["--cert", `${CERTIFICATES}other.crt`, "--key", `${CERTIFICATES}other.key`];
  await using server = startExample("tls_echo", ["--port", "0", ...files]);
  const port = String(await server.port());
  const { code, stderr } = await runExample("tls_echo", ["--connect", "--port", port]);
  assertEquals(code, 1);
  assertMatch(stderr.join(), /not valid for name "localhost"/);
});

testWith("openssl", "tls_echo echoes to openssl s_client", async () => {
  await using server = startExample("tls_echo", ["--port", "0"]);
  const line = "typed into openssl\n";
  const echoed = await talk(
    "openssl",
    [
      "s_client",
      "-quiet",
      "-verify_return_error",
      "-verify_hostname",
      "localhost",
      "-connect",
      `127.0.0.1:${await server.port()}`,
      "-CAfile",
      `${CERTIFICATES}ca.crt`,
    ],
    line,
    line,
  );
  assertEquals(echoed, line);
});

Deno.test("mutual_tls greets clients with a certificate and refuses clients without one", async () => {
  const { code, stdout, stderr } = await runExample("mutual_tls");
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout[0], "with a certificate: Hello, Ada Lovelace!");
  assertEquals(stdout.filter((line) => line.startsWith("without one: Tls")).length, 1);
  assertEquals(stdout.filter((line) => line.startsWith("refused: Cannot complete TLS")).length, 1);
});

Deno.test("starttls_smtp refuses mail in clear text, and commands injected after STARTTLS", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  await using client = await openConnection({ port: await server.port() });
  const { reader, writer } = client;
  const answer = async () => new TextDecoder().decode(await reader.readline()).trim();
  assertEquals(await answer(), "220 localhost ready");
  writer.write("MAIL FROM:<a@example.com>\r\n");
  assertEquals(await answer(), "530 Must issue a STARTTLS command first");
  writer.write("STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n");
  await server.line(
    /^Cannot start TLS between \S+ and \S+: 30 bytes were received before it began$/,
  );
});

testWith("openssl", "starttls_smtp upgrades for openssl s_client", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  const printed = await print("openssl", [
    "s_client",
    "-starttls",
    "smtp",
    "-verify_return_error",
    "-connect",
    `127.0.0.1:${await server.port()}`,
    "-CAfile",
    `${CERTIFICATES}ca.crt`,
    "-crlf",
    "-ign_eof",
  ], "EHLO me\nQUIT\n");
  assertMatch(printed, /Verify return code: 0 \(ok\)/);
  assertMatch(printed, /221 bye/);
});

testWithSwaks("starttls_smtp takes mail from swaks", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  const printed = await print("swaks", [
    "--server",
    `127.0.0.1:${await server.port()}`,
    "--tls",
    "--from",
    "ada@example.com",
    "--to",
    "charles@example.com",
    "--body",
    "one line",
  ], "");
  assertMatch(printed, /250 taken/);
  await server.line(
    /^mail from ada@example\.com to charles@example\.com: \d+ lines over TLSv1\.3$/,
  );
});
