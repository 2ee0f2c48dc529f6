import { assertEquals } from "@std/assert";
import { Client } from "../client.ts";
import { talk, testWith } from "../../support/peers/outside_peer.ts";
import { temporarySocket } from "../../support/places/socket_path.ts";
import { startExample, testWithSignals } from "../run_example.ts";

Deno.test("echo_server sends back a burst of 1 MiB to each of two clients", async () => {
  await using server = startExample("echo_server", ["--port", "0"]);
  const port = await server.port();
  const text = "0123456789abcdef".repeat(65_536);
  await using one = await Client.connect({ port });
  await using two = await Client.connect({ port });
  const answers = await Promise.all([one.ask(text, text), two.ask(text, text)]);
  assertEquals(answers.map((answer) => answer === text), [true, true]);
});

Deno.test("echo_server says who comes and who goes", async () => {
  await using server = startExample("echo_server", ["--port", "0"]);
  const client = await Client.connect({ port: await server.port() });
  const [, peer] = await server.line(/^(.*) connected$/);
  const own = client.transport.getExtraInfo("sockname");
  assertEquals(own && "port" in own && `127.0.0.1:${own.port}`, peer);
  client.transport.close();
  await client.ended();
  await server.line(new RegExp(`^${peer} disconnected$`));
});

testWithSignals(
  "echo_server listens on a Unix socket with --path, and removes it on SIGTERM",
  async () => {
    await using socket = await temporarySocket();
    const { path } = socket;
    await using server = startExample("echo_server", ["--path", path], {
      flags: ["--allow-net", "--allow-read", "--allow-write"],
    });
    await server.line(new RegExp(`^listening on ${path}$`));
    const client = await Client.connect({ path });
    assertEquals(await client.ask("hello", "hello"), "hello");
    assertEquals((await server.stop("SIGTERM")).code, 0);
    await client.ended();
  },
);

testWith("nc", "echo_server echoes to nc", async () => {
  await using server = startExample("echo_server", ["--port", "0"]);
  const args = ["127.0.0.1", String(await server.port())];
  assertEquals(await talk("nc", args, "hello\n", "hello\n"), "hello\n");
});

testWith("socat", "echo_server echoes to socat, also what comes last before the end", async () => {
  await using server = startExample("echo_server", ["--port", "0"]);
  const args = ["-", `TCP:127.0.0.1:${await server.port()}`];
  assertEquals(await talk("socat", args, "hello\n", "hello\n"), "hello\n");
  await server.line(/disconnected$/);
});

const PYTHON_CLIENT = `
import asyncio, sys
async def main(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    message = bytes(range(256)) * 1024
    writer.write(message)
    writer.write_eof()
    print(await reader.read() == message)
    writer.close()
    await writer.wait_closed()
asyncio.run(main(int(sys.argv[1])))
`;

testWith(
  "python3",
  "echo_server echoes 256 KiB to an asyncio client that half-closes",
  async () => {
    await using server = startExample("echo_server", ["--port", "0"]);
    const args = ["-c", PYTHON_CLIENT, String(await server.port())];
    assertEquals(await talk("python3", args, "", "True\n"), "True\n");
    await server.line(/disconnected$/);
  },
);
