import { assertEquals } from "@std/assert";
import { BufferedProtocol } from "../../protocols/buffered_protocol.ts";
import { Random } from "../../testing/conformance/random.ts";
import { assertSameBytes } from "../../testing/conformance/same_bytes.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { createConnection } from "../../transports/create_connection.ts";
import { createServer, createUnixServer } from "../../transports/create_server.ts";
import { Echo } from "../support/peers/echo.ts";
import { hasProgram } from "../support/peers/outside_peer.ts";
import { PeerProcess } from "../support/peers/peer_process.ts";
import { freePort } from "../support/places/free_port.ts";
import { temporarySocket } from "../support/places/socket_path.ts";

const HAS_PYTHON = hasProgram("python3", ["-c", "import asyncio"]);
const HAS_SOCAT = hasProgram("socat", ["-V"]);
const HAS_NETCAT = hasProgram("nc", ["-h"]);

/** How many bytes go each way. */
const SIZE = 5_000_000;
const PEER = new URL("../support/peers/asyncio_peer.py", import.meta.url).pathname;

/** {@linkcode Echo} with a buffer of its own. */
class BufferedEcho extends BufferedProtocol {
  readonly #buffer = new Uint8Array(65_536);

  override getBuffer(): Uint8Array {
    return this.#buffer;
  }

  override bufferUpdated(bytes: number): void {
    this.transport.write(this.#buffer.subarray(0, bytes));
  }

  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }
}

/** Sends `bytes`, ends its direction and checks that the same come back. */
async function exchange(port: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const pieces = new Random(2).split(bytes, 1, 100_000);
  let isPaused = false;
  const send = () => {
    while (!isPaused) {
      const { done, value } = pieces.next();
      if (done) return transport.writeEof();
      transport.write(value);
    }
  };
  const { transport, protocol } = await createConnection(() =>
    new RecordingProtocol({
      pauseWriting: () => void (isPaused = true),
      resumeWriting: () => {
        isPaused = false;
        send();
      },
    }), { port });
  send();
  const { error, bytesRead } = await transport.closed;
  assertEquals([error, bytesRead], [null, bytes.length]);
  assertSameBytes(protocol.received, bytes);
}

for (const Server of [Echo, BufferedEcho]) {
  Deno.test(
    `${Server.name} server echoes for an asyncio client`,
    { ignore: !HAS_PYTHON },
    async () => {
      await using server = await createServer(() => new Server(), { port: 0 });
      await using client = new PeerProcess("python3", PEER, "connect", `${server.port}`, `${SIZE}`);
      assertEquals(await client.exitCode(), 0);
    },
  );
}

Deno.test(
  "A client exchanges data with an asyncio server and ends in order",
  { ignore: !HAS_PYTHON },
  async () => {
    await using server = new PeerProcess("python3", PEER, "serve");
    const port = Number(await server.firstLine());
    await exchange(port, new Random(1).bytes(SIZE));
  },
);

Deno.test(
  "An echo server answers socat up to the end of its data",
  { ignore: !HAS_SOCAT },
  async () => {
    const bytes = new Random(3).bytes(SIZE);
    await using server = await createServer(() => new Echo(), { port: 0 });
    await using client = new PeerProcess("socat", "-t", "30", "-", `TCP:127.0.0.1:${server.port}`);
    const [output] = await Promise.all([client.output(), client.feed(bytes)]);
    assertSameBytes(output, bytes);
    assertEquals(await client.exitCode(), 0);
  },
);

Deno.test(
  "A Unix echo server answers socat up to the end of its data",
  { ignore: !HAS_SOCAT },
  async () => {
    const bytes = new Random(4).bytes(SIZE);
    await using socket = await temporarySocket();
    const { path } = socket;
    await using _server = await createUnixServer(() => new Echo(), { path });
    await using client = new PeerProcess("socat", "-t", "30", "-", `UNIX-CONNECT:${path}`);
    const [output] = await Promise.all([client.output(), client.feed(bytes)]);
    assertSameBytes(output, bytes);
    assertEquals(await client.exitCode(), 0);
  },
);

Deno.test("A client exchanges data with socat", { ignore: !HAS_SOCAT }, async () => {
  const port = freePort();
  await using _server = new PeerProcess(
    "socat",
    "-t",
    "30",
    `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr`,
    "EXEC:cat",
  );
  for (;;) {
    try {
      await exchange(port, new Random(5).bytes(SIZE));
      break;
    } catch (error) {
      // It does not tell either when it is ready.
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
  }
});

Deno.test(
  "An echo server answers nc up to the end of its data",
  { ignore: !HAS_NETCAT },
  async () => {
    const bytes = new Random(6).bytes(SIZE);
    await using server = await createServer(() => new Echo(), { port: 0 });
    await using client = new PeerProcess("nc", "-N", "127.0.0.1", `${server.port}`);
    const [output] = await Promise.all([client.output(), client.feed(bytes)]);
    assertSameBytes(output, bytes);
  },
);
