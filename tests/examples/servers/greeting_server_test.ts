import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../client.ts";
import { talk, testWith } from "../../support/peers/outside_peer.ts";
import { startExample, testWithSignals } from "../run_example.ts";

for (const name of ["greeting_server", "robust_greeting_server"]) {
  Deno.test(`${name} answers a message, with and without a line end`, async () => {
    await using server = startExample(name, ["--port", "0"]);
    await using client = await Client.connect({ port: await server.port() });
    assertEquals(await client.ask("World", "Hello, World!"), "Hello, World!");
    assertEquals(await client.ask("Jörg\r\n", "Hello, Jörg!\r\n"), "Hello, Jörg!\r\n");
  });

  Deno.test(`${name} answers a message once, however long it is and however it is cut`, async () => {
    await using server = startExample(name, ["--port", "0"]);
    await using client = await Client.connect({ port: await server.port() });
    const long = "x".repeat(20_000);
    assertEquals(await client.ask(`${long}\n`, `Hello, ${long}!\n`), `Hello, ${long}!\n`);
    assertEquals(await client.ask(long, `Hello, ${long}!`), `Hello, ${long}!`);
    client.transport.write("A");
    client.transport.write("da\nBob\nCar");
    assertEquals(
      await client.ask("ol\n", "Hello, Ada!\nHello, Bob!\nHello, Carol!\n"),
      "Hello, Ada!\nHello, Bob!\nHello, Carol!\n",
    );
    client.transport.write("Dora");
    client.transport.writeEof();
    assertEquals(await client.receive(100), "Hello, Dora!");
  });

  testWith("nc", `${name} answers nc`, async () => {
    await using server = startExample(name, ["--port", "0"]);
    const args = ["127.0.0.1", String(await server.port())];
    assertEquals(await talk("nc", args, "nc\n", "Hello, nc!\n"), "Hello, nc!\n");
  });
}

testWithSignals(
  "greeting_server reports what its decoder throws, and loses no other client",
  async () => {
    await using server = startExample("greeting_server", ["--port", "0"]);
    const port = await server.port();
    await using other = await Client.connect({ port });
    const client = await Client.connect({ port });
    client.transport.write(new Uint8Array([0xff]));
    await client.ended();
    assertEquals(await other.ask("World", "Hello, World!"), "Hello, World!");
    const { code, stderr } = await server.stop("SIGTERM");
    assertEquals(code, 0);
    assertMatch(stderr[0] ?? "", /^Error in dataReceived \(127\.0\.0\.1:\d+ <-> .*\): TypeError: /);
  },
);

testWithSignals(
  "robust_greeting_server logs one line and apologises, and loses no other client",
  async () => {
    await using server = startExample("robust_greeting_server", ["--port", "0"]);
    const port = await server.port();
    await using other = await Client.connect({ port });
    const client = await Client.connect({ port });
    const apology = "Sorry, that was no text.\n";
    assertEquals(await client.ask(new Uint8Array([0xff]), apology), apology);
    assertEquals((await client.ended()).endedBy, "peer");
    assertEquals(await other.ask("World", "Hello, World!"), "Hello, World!");
    const { code, stderr } = await server.stop("SIGTERM");
    assertEquals([code, stderr.length], [0, 1]);
    assertMatch(stderr.join(), /^cannot greet 127\.0\.0\.1:\d+: .*not valid/);
  },
);
