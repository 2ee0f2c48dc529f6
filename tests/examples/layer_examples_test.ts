import { createServer, Protocol, type Transport } from "@sluice/net";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runExample, startExample, testWithSignals } from "./run_example.ts";

const KEY = "0123456789abcdef".repeat(4);

for (const name of ["encrypted_echo", "layered_echo"]) {
  Deno.test(`${name} without a key talks to itself and ends`, async () => {
    const { code, stdout, stderr } = await runExample(name, ["--message", "to myself"]);
    assertEquals([code, stderr], [0, []]);
    assert(stdout.includes("received: to myself"), stdout.join("\n"));
  });

  testWithSignals(
    `${name} serves clients with the same key, until it is told to stop`,
    async () => {
      await using server = startExample(name, ["--port", "0", "--key", KEY]);
      const port = String(await server.port());
      const args = ["--port", port, "--connect", "--message", "a common secret"];
      const { code, stdout, stderr } = await runExample(name, [...args, "--key", KEY]);
      assertEquals([code, stderr], [0, []]);
      assert(stdout.includes("received: a common secret"), stdout.join("\n"));
      const outcome = await server.stop("SIGTERM");
      assertEquals([outcome.code, outcome.stderr], [0, []]);
    },
  );

  Deno.test(`${name} ends with an error for a client with another key, and goes on serving`, async () => {
    await using server = startExample(name, ["--port", "0", "--key", KEY]);
    const args = ["--port", String(await server.port()), "--connect"];
    const wrong = await runExample(name, [...args, "--key", "f".repeat(64)]);
    assertEquals(wrong.code, 1);
    const right = await runExample(name, [...args, "--key", KEY]);
    assertEquals([right.code, right.stderr], [0, []]);
  });

  Deno.test(`${name} exits with one line for an invalid key`, async () => {
    const { code, stderr } = await runExample(name, ["--key", "secret"]);
    assertEquals([code, stderr.length], [2, 1]);
    assertMatch(stderr.join(), /^\w+: Cannot use --key: "secret" is not 64 hexadecimal digits$/);
  });
}

Deno.test("layered_echo logs a hex dump of the wire that does not hold the text", async () => {
  const message = "Hello, world. ".repeat(20);
  const { stdout } = await runExample("layered_echo", ["--message", message]);
  assert(stdout.some((line) => line.includes(`client in clear sent ${message.length} bytes`)));
  assert(stdout.some((line) => /^[0-9a-f]{8}( {1,2}[0-9a-f]{2}){16} {2}\|.{16}\|$/.test(line)));
  assert(!stdout.some((line) => /^[0-9a-f]{8} .*\|.*Hello.*\|$/.test(line)));
});

Deno.test("encrypted_echo as a client reports a server that sends clear text", async () => {
  await using server = await createServer(() => new Clear(), { port: 0 });
  const args = ["--port", String(server.port), "--connect", "--key", KEY];
  const { code, stderr } = await runExample("encrypted_echo", args);
  assertEquals(code, 1);
  assertMatch(stderr.join("\n"), /Cannot decrypt: /);
});

class Clear extends Protocol {
  override connectionMade(transport: Transport): void {
    transport.write("220 mail.example.org ready, and more than a salt\r\n");
  }
}
