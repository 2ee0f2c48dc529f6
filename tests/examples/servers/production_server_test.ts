import { createConnection } from "@sluice/net";
import { sendProxyProtocol } from "@sluice/net/layers";
import { assert, assertEquals } from "@std/assert";
import { Client } from "../client.ts";
import { runExample, startExample, testWithSignals } from "../run_example.ts";
import { freePort } from "../../support/places/free_port.ts";

Deno.test("production_server echoes lines, and counts them for Prometheus", async () => {
  const metrics = freePort();
  await using server = startExample("production_server", ["--port=0", `--metrics=${metrics}`]);
  await using client = await Client.connect({ port: await server.port() });
  assertEquals(await client.ask("one\ntwo\n", "one\ntwo\n"), "one\ntwo\n");
  await server.line(new RegExp(`^metrics on http://127\\.0\\.0\\.1:${metrics}$`));
  const page = await (await fetch(`http://127.0.0.1:${metrics}`)).text();
  assertEquals(
    page,
    "echo_connections 1\necho_received_bytes_total 8\necho_sent_bytes_total 8\n",
  );
});

testWithSignals("production_server closes its clients in good order on SIGTERM", async () => {
  await using server = startExample("production_server", ["--port=0"]);
  await using client = await Client.connect({ port: await server.port() });
  assertEquals(await client.ask("hello\n", "hello\n"), "hello\n");
  const { code, stdout, stderr } = await server.stop("SIGTERM");
  const { endedBy, error } = await client.ended();
  assertEquals([endedBy, error, code, stderr], ["peer", null, 0, []]);
  assertEquals(stdout.at(-1), "1 connection finished, 0 were cut off");
  assert(stdout.some((line) => /^127\.0\.0\.1:\d+ ended by local, 6 bytes$/.test(line)));
});

Deno.test("production_server with --proxy tells the address of the client", async () => {
  await using server = startExample("production_server", ["--port=0", "--proxy"]);
  const { transport } = await createConnection(() => ({}), {
    port: await server.port(),
    layers: [sendProxyProtocol({
      source: { transport: "tcp", hostname: "192.0.2.7", port: 50_000 },
      destination: { transport: "tcp", hostname: "192.0.2.1", port: 443 },
    })],
  });
  transport.write("hello\n");
  transport.close();
  await transport.closed;
  await server.line(/^192\.0\.2\.7:50000 ended by .*, 6 bytes/);
});

Deno.test({
  name: "production_server with --shared listens on one port in several processes",
  // The system spreads the connections on Linux alone.
  ignore: Deno.build.os !== "linux",
  async fn(): Promise<void> {
    const flags = ["--allow-net", "--unstable-net"];
    await using first = startExample("production_server", ["--port=0", "--shared"], { flags });
    const port = await first.port();
    const args = [`--port=${port}`, "--shared"];
    await using second = startExample("production_server", args, { flags });
    assertEquals(await second.port(), port);
    // By chance: that one of them gets none of 40 happens once in 2 ** 39 runs.
    const clients = await Promise.all(Array.from({ length: 40 }, async () => {
      const client = await Client.connect({ port });
      assertEquals(await client.ask("hello\n", "hello\n"), "hello\n");
      return client;
    }));
    for (const client of clients) await client[Symbol.asyncDispose]();
    for (const server of [first, second]) await server.line(/ ended by .*, 6 bytes$/);
  },
});

Deno.test("production_server ends with one line when the port for its metrics is in use", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const args = ["--port=0", `--metrics=${port}`];
  const { code, stderr } = await runExample("production_server", args);
  assertEquals([code, stderr.length], [1, 1]);
  assert(stderr.join().startsWith(`production_server: Cannot listen on 127.0.0.1:${port}: `));
});

Deno.test("production_server with --shared says which flag it lacks", async () => {
  const { code, stderr } = await runExample("production_server", ["--port=0", "--shared"]);
  assertEquals([code, stderr], [1, [
    "production_server: Cannot listen: reusePort needs deno run --unstable-net, or network: nodeNetwork",
  ]]);
});
