/**
 * Every example that serves ends soon after a signal, also with clients that go on.
 *
 * @module
 */
import { openConnection, startServer } from "@sluice/net";
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { startExample, testWithSignals } from "../run_example.ts";

const KEY = "0123456789abcdef".repeat(4);
const FLOOD = new TextEncoder().encode("ECHO all of this\r\n".repeat(1_000_000));

/** The servers, each with its flags. `TARGET` is an echo server. */
const SERVERS: Record<string, readonly string[]> = {
  "capture": ["--target", "TARGET", "--file", "FILE"],
  "chat_server": [],
  "echo_server": [],
  "encrypted_echo": ["--key", KEY],
  "greeting_server": [],
  "json_rpc": [],
  "layered_echo": ["--key", KEY],
  "memcached_server": [],
  "mutual_tls": ["--serve"],
  "production_server": [],
  "redis/server": [],
  "robust_greeting_server": [],
  "starttls_smtp": [],
  "stream_echo_server": [],
  "tcp_proxy": ["--target", "TARGET"],
  "tls_echo": [],
  "web_echo_server": [],
  "websocket_bridge": ["--target", "TARGET"],
};

/** A client that sends as much as it can and reads nothing, until the server cuts it off. */
function flood(conn: Deno.TcpConn): Promise<void> {
  return new Blob([FLOOD]).stream().pipeTo(conn.writable).catch(() => {});
}

for (const [name, args] of Object.entries(SERVERS)) {
  testWithSignals(
    `${name} ends with code 0 while a client floods it and another is silent`,
    async () => {
      const folder = await Deno.makeTempDir({ dir: ".", prefix: ".stop-" });
      try {
        await using target = await startServer(
          ({ readable, writable }) => readable.pipeTo(writable),
          {
            port: 0,
          },
        );
        const known: Record<string, string> = {
          TARGET: `127.0.0.1:${target.port}`,
          FILE: `${folder}/stop.pcapng`,
        };
        const given = args.map((arg) => known[arg] ?? arg);
        await using server = startExample(name, ["--port", "0", ...given]);
        const port = await server.port();
        using silent = await Deno.connect({ hostname: "127.0.0.1", port });
        const flooding = await Deno.connect({ hostname: "127.0.0.1", port });
        const flooded = flood(flooding);
        const { code, stdout } = await server.stop("SIGTERM");
        assertEquals(code, 0);
        assertMatch(stdout.join("\n"), /^stopping, (1 connection|\d+ connections) to close$/m);
        await flooded;
        assertEquals(await endOf(silent), null);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

/** Reads to the end; a reset is an end too. */
async function endOf(conn: Deno.Conn): Promise<null> {
  const buffer = new Uint8Array(65_536);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // A reset.
  }
  return null;
}

testWithSignals("An example takes a second signal as the first", async () => {
  await using server = startExample("echo_server", ["--port", "0"]);
  await server.port();
  await server.line(/^stop with Ctrl-C$/);
  const { code, stdout, stderr } = await server.stop("SIGINT", "SIGINT", "SIGTERM");
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout.filter((line) => line.startsWith("stopping")).length, 1);
});

testWithSignals(
  "websocket_bridge ends soon when a client never answers its close frame",
  async () => {
    await using target = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
      port: 0,
    });
    const args = ["--port", "0", "--target", `127.0.0.1:${target.port}`];
    await using bridge = startExample("websocket_bridge", args);
    const port = await bridge.port();
    await using client = await openConnection({ port });
    client.writer.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assertMatch(
      new TextDecoder().decode(await client.reader.readuntil("\r\n\r\n")),
      /^HTTP\/1.1 101/,
    );
    // A masked message of one byte: its echo tells that both connections are joined.
    client.writer.write(new Uint8Array([0x82, 0x81, 0, 0, 0, 0, 7]));
    assertEquals(await client.reader.readexactly(3), new Uint8Array([0x82, 1, 7]));
    const { code, stdout, stderr } = await bridge.stop("SIGTERM");
    assertEquals([code, stderr], [0, []]);
    assertMatch(stdout.join("\n"), /^stopping, 1 connection to close$/m);
  },
);

testWithSignals("mutual_tls ends soon when a client does not close its end", async () => {
  await using server = startExample("mutual_tls", ["--serve", "--port", "0"]);
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../../../examples/certificates/${name}`, import.meta.url));
  const [ca, cert, key] = await Promise.all(["ca.crt", "client.crt", "client.key"].map(read));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `
      import { createConnection } from "@sluice/net";
      const { transport } = await createConnection(() => ({
        dataReceived() { transport.pauseReading(); console.log("greeted"); },
      }), { port: ${await server.port()}, tls: ${
        JSON.stringify({ caCerts: [ca], serverName: "localhost", cert, key })
      } });`,
    ],
    cwd: fileURLToPath(new URL("../../../", import.meta.url)),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = child.stdout.getReader();
  await output.read();
  const { code, stderr } = await server.stop("SIGTERM");
  assertEquals([code, stderr], [0, []]);
  await output.cancel();
  // It ends by itself once its connection is cut.
  await child.status;
});
