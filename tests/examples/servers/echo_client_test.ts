import { createServer } from "@sluice/net";
import { assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../../support/peers/outside_peer.ts";
import { temporarySocket } from "../../support/places/socket_path.ts";
import { runExample, startExample } from "../run_example.ts";
import { freePort } from "../../support/places/free_port.ts";

Deno.test("echo_client gets its message back from echo_server", async () => {
  await using server = startExample("echo_server", ["--port", "0"]);
  const port = String(await server.port());
  const outcome = await runExample("echo_client", ["--port", port, "--message", "grüß dich"]);
  assertEquals([outcome.code, outcome.stderr], [0, []]);
  assertEquals(outcome.stdout.slice(0, 3), [
    `connected to 127.0.0.1:${port}`,
    "sent 11 bytes",
    "received: grüß dich",
  ]);
  assertMatch(outcome.stdout.slice(3).join(), /^done after \d+\.\d ms$/);
});

Deno.test("echo_client gets its message back over a Unix socket with --path", async () => {
  await using socket = await temporarySocket();
  const { path } = socket;
  const flags = ["--allow-net", "--allow-read", "--allow-write"];
  await using server = startExample("unix_echo", ["--path", path]);
  await server.line(/^listening/);
  const outcome = await runExample("echo_client", ["--path", path], { flags });
  assertEquals(outcome.stdout[2], "received: Hello, world");
  await server.stop("SIGTERM");
});

Deno.test("echo_client exits with one line and a hint when no server listens", async () => {
  const port = freePort();
  const outcome = await runExample("echo_client", ["--port", String(port)]);
  assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [1, [], 1]);
  assertMatch(
    outcome.stderr.join(),
    new RegExp(
      `^echo_client: Cannot connect to 127\\.0\\.0\\.1:${port}: .*; is the server running\\?$`,
    ),
  );
});

Deno.test("echo_client ends with one line when the server keeps some of its message", async () => {
  await using server = await createServer(() => ({
    connectionMade(transport): void {
      transport.write("Hel");
      transport.writeEof();
    },
  }), { port: 0 });
  const outcome = await runExample("echo_client", ["--port", String(server.port)]);
  assertEquals(outcome.code, 1);
  assertEquals(outcome.stderr, [
    "echo_client: The server closed with 9 bytes still to come back",
  ]);
});

const PYTHON_SERVER = `
import asyncio
async def echo(reader, writer):
    while data := await reader.read(100):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
`;

testWith("python3", "echo_client gets its message back from an asyncio server", async () => {
  const server = new Deno.Command("python3", { args: ["-c", PYTHON_SERVER], stdout: "piped" })
    .spawn();
  const output = server.stdout.getReader();
  try {
    const { value } = await output.read();
    const port = new TextDecoder().decode(value).trim();
    const outcome = await runExample("echo_client", ["--port", port, "--message", "hi"]);
    assertEquals([outcome.code, outcome.stdout[2]], [0, "received: hi"]);
  } finally {
    server.kill();
    await output.cancel();
    await server.status;
  }
});
