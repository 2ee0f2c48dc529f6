import { startServer } from "@sluice/net";
import { WebSocketClosedError } from "@sluice/net/protocols";
import { connectWebSocket } from "@sluice/net/transports";
import { readCapture, RecordingProtocol } from "@sluice/net/testing";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client } from "./client.ts";
import { runExample, startExample, testWithSignals } from "./run_example.ts";

/** An echo server that the examples connect to. */
function startEcho(): ReturnType<typeof startServer> {
  return startServer(({ readable, writable }) => readable.pipeTo(writable), { port: 0 });
}

Deno.test("websocket_bridge lets a client shaped like a browser talk to a TCP echo", async () => {
  await using echo = await startEcho();
  const args = ["--port", "0", "--target", `127.0.0.1:${echo.port}`];
  await using bridge = startExample("websocket_bridge", args);
  const socket = new WebSocket(`ws://127.0.0.1:${await bridge.port()}`);
  socket.binaryType = "arraybuffer";
  const sent = new Uint8Array(1_000_000).map((_, index) => index * 7 >> 3);
  const received: ArrayBuffer[] = [];
  let length = 0;
  const complete = Promise.withResolvers<void>();
  socket.onopen = () => {
    for (let i = 0; i < sent.length; i += 30_000) socket.send(sent.slice(i, i + 30_000));
  };
  socket.onmessage = ({ data }) => {
    received.push(data);
    length += data.byteLength;
    if (length >= sent.length) complete.resolve();
  };
  await complete.promise;
  assertEquals(await new Blob(received).bytes(), sent);
  const closed = Promise.withResolvers<CloseEvent>();
  socket.onclose = closed.resolve;
  socket.close();
  assertEquals((await closed.promise).wasClean, true);
  await bridge.line(/^1000000 bytes there, 1000000 back$/);
});

testWithSignals("websocket_bridge closes its clients and ends with code 0 on SIGTERM", async () => {
  await using echo = await startEcho();
  const args = ["--port", "0", "--target", `127.0.0.1:${echo.port}`];
  await using bridge = startExample("websocket_bridge", args);
  const url = `ws://127.0.0.1:${await bridge.port()}`;
  const { transport, protocol } = await connectWebSocket(() => new RecordingProtocol(), url);
  transport.write("hello");
  await protocol.untilReceived(5);
  const outcome = await bridge.stop("SIGTERM");
  assertEquals((await transport.closed).endedBy, "peer");
  assertEquals([outcome.code, outcome.stderr], [0, []]);
  assert(outcome.stdout.includes("stopping, 1 connection to close"));
});

Deno.test("websocket_bridge refuses pages of other sites and requests that are not WebSockets, and reports an unreachable target", async () => {
  // No program listens on this port.
  const args = ["--port", "0", "--target", "127.0.0.1:1", "--origin", "https://example.org"];
  await using bridge = startExample("websocket_bridge", args);
  const url = `http://127.0.0.1:${await bridge.port()}`;
  const statusFor = async (origin: string): Promise<number> => {
    const response = await fetch(url, { headers: { origin } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusFor("https://elsewhere.org"), 403);
  assertEquals(await statusFor("https://example.org"), 426);
  assertEquals(await statusFor(url), 426);
  await assertRejects(
    () => connectWebSocket(() => ({}), url.replace("http", "ws")),
    WebSocketClosedError,
    "Cannot open WebSocket",
  );
});

testWithSignals("capture writes a file with all that passed", async () => {
  await using echo = await startEcho();
  // Examples may write below the folder that they run in, which is that of the project.
  const folder = await Deno.makeTempDir({ dir: ".", prefix: ".capture-" });
  const file = `${folder}/conversation.pcapng`;
  try {
    const args = ["--port", "0", "--target", `127.0.0.1:${echo.port}`, "--file", file];
    await using proxy = startExample("capture", args);
    const client = await Client.connect({ port: await proxy.port() });
    assertEquals(await client.ask("hello", "hello"), "hello");
    await client[Symbol.asyncDispose]();
    await proxy.line(/^127\.0\.0\.1:\d+: 5 bytes there, 5 back$/);
    const outcome = await proxy.stop("SIGINT");
    assertEquals([outcome.code, outcome.stderr], [0, []]);
    const [connection, ...others] = readCapture(await Deno.readFile(file));
    assertEquals(others, []);
    assertEquals(
      connection?.chunks.map((
        { direction, bytes },
      ) => [direction, new TextDecoder().decode(bytes)]),
      [["received", "hello"], ["sent", "hello"]],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("capture exits and does not touch a file that exists", async () => {
  const folder = await Deno.makeTempDir({ dir: ".", prefix: ".capture-" });
  try {
    const file = `${folder}/precious.pcapng`;
    await Deno.writeTextFile(file, "precious");
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const outcomes = await Promise.all(
      [0, other.addr.port].map((port) =>
        runExample("capture", [`--port=${port}`, `--file=${file}`])
      ),
    );
    assertEquals(outcomes.map(({ code, stdout }) => [code, stdout]), [[1, []], [1, []]]);
    assertEquals(outcomes[0]?.stderr, [
      `capture: Cannot write ${file}: it exists; choose another --file`,
    ]);
    assertEquals(await Deno.readTextFile(file), "precious");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("capture makes no file when its port is in use, and ends when it may not write one", async () => {
  const folder = await Deno.makeTempDir({ dir: ".", prefix: ".capture-" });
  try {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const file = `${folder}/conversation.pcapng`;
    const inUse = await runExample("capture", [`--port=${other.addr.port}`, `--file=${file}`]);
    const denied = await runExample("capture", ["--port=0", `--file=${file}`], {
      flags: ["--allow-net"],
    });
    const missing = await runExample("capture", ["--port=0", `--file=${folder}/no/file`]);
    const outcomes = [inUse, denied, missing];
    assertEquals(outcomes.map(({ code, stdout }) => [code, stdout]), [[1, []], [1, []], [1, []]]);
    assertEquals(denied.stderr.length, 1);
    assertStringIncludes(denied.stderr.join(), "run again with the --allow-write flag");
    assertStringIncludes(missing.stderr.join(), "No such file or directory");
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const name of ["websocket_bridge", "capture"]) {
  Deno.test(`${name} ends with one line for a flag it does not know`, async () => {
    const outcome = await runExample(name, ["--verbose"]);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [2, [], 1]);
  });
}
