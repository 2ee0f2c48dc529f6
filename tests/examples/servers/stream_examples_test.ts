import { createServer, openConnection, startServer } from "@sluice/net";
import { assertEquals, assertMatch } from "@std/assert";
import { toText } from "@std/streams";
import { Client } from "../client.ts";
import { talk, testWith } from "../../support/peers/outside_peer.ts";
import { runExample, startExample, testWithSignals } from "../run_example.ts";
import { freePort } from "../../support/places/free_port.ts";

Deno.test("stream_echo_server sends up to 100 bytes back, says so, and closes", async () => {
  await using server = startExample("stream_echo_server", ["--port", "0"]);
  const client = await Client.connect({ port: await server.port() });
  assertEquals(await client.ask("Hello World!", "Hello World!"), "Hello World!");
  assertEquals((await client.ended()).endedBy, "peer");
  await server.line(/^127\.0\.0\.1:\d+ sent "Hello World!"$/);
});

testWith("nc", "stream_echo_server echoes to nc", async () => {
  await using server = startExample("stream_echo_server", ["--port", "0"]);
  const args = ["127.0.0.1", String(await server.port())];
  assertEquals(await talk("nc", args, "hello\n", "hello\n"), "hello\n");
});

Deno.test("web_echo_server sends 1 MiB back and ends after the client's end", async () => {
  await using server = startExample("web_echo_server", ["--port", "0"]);
  await using client = await openConnection({ port: await server.port() });
  const text = "0123456789abcdef".repeat(65_536);
  client.writer.write(text);
  client.writer.writeEof();
  assertEquals((await toText(client.readable)) === text, true);
});

testWith("socat", "web_echo_server echoes to socat", async () => {
  await using server = startExample("web_echo_server", ["--port", "0"]);
  const args = ["-", `TCP:127.0.0.1:${await server.port()}`];
  assertEquals(await talk("socat", args, "hello\n", "hello\n"), "hello\n");
});

Deno.test("concurrent_clients gets every answer", async () => {
  const args = ["--clients", "100", "--lines", "5"];
  const { code, stdout, stderr } = await runExample("concurrent_clients", args);
  assertEquals([code, stderr], [0, []]);
  assertMatch(stdout[0] ?? "", /^100 clients connect to port \d+ and send 5 lines each$/);
  assertEquals(stdout.slice(1, 3), ["50 clients are done", "100 clients are done"]);
  assertMatch(stdout[3] ?? "", /^500 answers in \d+\.\d\d s, all of them right$/);
});

Deno.test("tcp_proxy passes bytes and the end of a direction both ways, and counts them", async () => {
  await using upstream = await startServer(async ({ reader, writer }) => {
    const all = await reader.read();
    writer.write(`${all.length} bytes came`);
  }, { port: 0 });
  const target = `127.0.0.1:${upstream.port}`;
  await using proxy = startExample("tcp_proxy", ["--port", "0", "--target", target]);
  await using client = await openConnection({ port: await proxy.port() });
  client.writer.write("x".repeat(300_000));
  client.writer.writeEof();
  assertEquals(await toText(client.readable), "300000 bytes came");
  await proxy.line(/^127\.0\.0\.1:\d+: 300000 bytes there, 17 bytes back$/);
});

testWithSignals("tcp_proxy says that its target is not there, closes, and goes on", async () => {
  const port = freePort();
  await using proxy = startExample("tcp_proxy", ["--port", "0", "--target", `127.0.0.1:${port}`]);
  for (let i = 0; i < 2; i++) {
    const client = await Client.connect({ port: await proxy.port() });
    assertEquals((await client.ended()).endedBy, "peer");
  }
  const { code, stderr } = await proxy.stop("SIGTERM");
  assertEquals([code, stderr.length], [0, 2]);
  assertMatch(stderr[0] ?? "", /^127\.0\.0\.1:\d+: Cannot connect to 127\.0\.0\.1:\d+: .*refused/);
});

Deno.test("tcp_proxy closes a pair that is idle for too long", async () => {
  await using upstream = await createServer(() => ({}), { port: 0 });
  const target = `127.0.0.1:${upstream.port}`;
  await using proxy = startExample("tcp_proxy", ["--port=0", `--target=${target}`, "--idle=1"]);
  const client = await Client.connect({ port: await proxy.port() });
  await client.ended();
  await proxy.line(/^127\.0\.0\.1:\d+: 0 bytes \(.*1000 ms.*\) there, 0 bytes \(.*\) back$/);
});

Deno.test("tcp_proxy exits with one line for an invalid target", async () => {
  for (const target of ["localhost", "1:2:3", "::1:80"]) {
    const { code, stdout, stderr } = await runExample("tcp_proxy", [`--target=${target}`]);
    assertEquals([code, stdout], [2, []]);
    assertEquals(stderr, [`tcp_proxy: Cannot use --target: "${target}" is not HOST:PORT`]);
  }
});

Deno.test("netcat sends stdin, half-closes at its end, and prints what it receives", async () => {
  await using server = await startServer(async ({ reader, writer }) => {
    const all = await reader.read();
    writer.write(`got ${JSON.stringify(new TextDecoder().decode(all))}\n`);
  }, { port: 0 });
  await using netcat = startExample("netcat", ["--port", String(server.port)]);
  await netcat.type("one\n");
  await netcat.type("two\n");
  await netcat.endInput();
  const { code, stdout, stderr } = await netcat.outcome();
  assertEquals([code, stdout], [0, ['got "one\\ntwo\\n"']]);
  assertEquals(stderr, [`connected to 127.0.0.1:${server.port}`]);
});

Deno.test("netcat ends when the other end does, though its stdin is open", async () => {
  await using server = await startServer(async ({ reader, writer }) => {
    writer.write(await reader.readline());
  }, { port: 0 });
  await using netcat = startExample("netcat", ["--port", String(server.port)]);
  await netcat.type("hello\n");
  const { code, stdout } = await netcat.outcome();
  assertEquals([code, stdout], [0, ["hello"]]);
});

Deno.test("netcat exits with one line when no server listens", async () => {
  const port = freePort();
  const { code, stderr } = await runExample("netcat", ["--port", String(port)]);
  assertEquals([code, stderr.length], [1, 1]);
  assertMatch(stderr.join(), /^netcat: Cannot connect to .*; is the server running\?$/);
});
