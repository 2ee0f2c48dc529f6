import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionLostError, WriteBufferFullError } from "../../../protocols/errors.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import type { StreamConnection } from "../../../streams/stream_connection.ts";
import { settle, turn, untilStill } from "../../support/time/event_loop.ts";
import { RawPeer } from "../../support/peers/raw_peer.ts";
import { decode, encode, pattern } from "../../support/text.ts";
import { pausedReading } from "../../support/doubles/paused_reading.ts";

/** Runs `handler` for one connection of a raw peer and gives what it returns. */
async function withPeer<T>(
  handler: (connection: StreamConnection) => Promise<T>,
  play: (peer: RawPeer) => Promise<void>,
  limit?: number,
): Promise<T> {
  const result = Promise.withResolvers<T>();
  await using server = await startServer(
    (connection) => handler(connection).then(result.resolve, result.reject),
    { port: 0, ...(limit !== undefined && { limit }) },
  );
  await using peer = await RawPeer.connect(server.port);
  await Promise.all([result.promise, play(peer)]);
  return await result.promise;
}

const BIG = pattern(16 * 1024 * 1024);

/** Every call that waits, and how. The peer sends "hello" before. */
const WAITS: [string, (connection: StreamConnection) => Promise<unknown>][] = [
  ["reader.read()", async ({ reader }) => {
    await reader.readexactly(5);
    return await reader.read(1);
  }],
  ["reader.read(-1)", ({ reader }) => reader.read()],
  ["reader.readexactly()", ({ reader }) => reader.readexactly(6)],
  ["reader.readline()", ({ reader }) => reader.readline()],
  ["reader.readuntil()", ({ reader }) => reader.readuntil("--")],
  ["reader.lines()", ({ reader }) => Array.fromAsync(reader.lines())],
  ["readable.getReader()", async ({ readable }) => {
    const web = readable.getReader();
    for (;;) await web.read();
  }],
  [
    "a BYOB reader",
    ({ readable }) => readable.getReader({ mode: "byob" }).read(new Uint8Array(9), { min: 9 }),
  ],
  ["for await", async ({ readable }) => {
    for await (const _ of readable);
  }],
  ["readable.pipeTo()", ({ readable }) => readable.pipeTo(new WritableStream())],
  ["the direct pipe", ({ readable, writable }) => readable.pipeTo(writable)],
  ["writer.drain()", ({ writer }) => {
    writer.write(BIG);
    return writer.drain();
  }],
  ["writer.flush()", ({ writer }) => {
    writer.write(BIG);
    return writer.flush();
  }],
  ["writer.waitClosed()", ({ writer }) => writer.waitClosed()],
  ["writable.write()", ({ writable }) => writable.getWriter().write(BIG)],
  ["writable.close()", async ({ writable }) => {
    const web = writable.getWriter();
    void web.write(BIG).catch(() => {});
    await web.close();
  }],
  ["writable.closed", ({ writable }) => writable.getWriter().closed],
];

for (const [name, wait] of WAITS) {
  Deno.test(`A peer that resets in the middle of ${name} ends it with the reason`, async () => {
    const error = await withPeer(async (connection) => {
      const waiting = wait(connection);
      return await waiting.then(() => "no error", (error) => error);
    }, async (peer) => {
      await peer.write("hello");
      await settle();
      await peer.reset();
    });
    const { ConnectionReset, BrokenPipe } = Deno.errors;
    assert(error instanceof ConnectionReset || error instanceof BrokenPipe, String(error));
  });
}

Deno.test("A peer that resets leaves readable what it had sent before", async () => {
  const [text, error] = await withPeer(async ({ reader, closed }) => {
    const failure = (await closed).error;
    const line = decode(await reader.readline());
    return [line + decode(await reader.read(100)), failure] as const;
  }, async (peer) => {
    await peer.write("line\nrest");
    await settle();
    await peer.reset();
  });
  assertEquals(text, "line\nrest");
  assert(error instanceof Deno.errors.ConnectionReset);
});

Deno.test("Each call after the connection was closed fails or resolves: none hangs", async () => {
  await withPeer(async ({ reader, writer, readable, writable }) => {
    writer.close();
    await writer.waitClosed();
    assertEquals(await reader.read(), new Uint8Array(0));
    assertEquals(await reader.readline(), new Uint8Array(0));
    await assertRejects(() => reader.readexactly(1), Error, "data ended after 0 of 1 bytes");
    await assertRejects(() => reader.readuntil("x"), Error, "data ended");
    assertEquals((await readable.getReader().read()).done, true);
    writer.write("dropped");
    writer.writelines(["dropped"]);
    writer.writeEof();
    writer.close();
    await assertRejects(() => writer.drain(), ConnectionLostError);
    await writer.flush();
    await assertRejects(() => writable.getWriter().write(encode("x")), ConnectionLostError);
  }, () => Promise.resolve());
});

Deno.test("A peer that sends one byte at a time is understood", async () => {
  const text = "GET /\r\n\r\nbody of 16 bytes";
  const parts = await withPeer(async ({ reader }) => [
    decode(await reader.readline()),
    decode(await reader.readuntil("\r\n")),
    decode(await reader.readexactly(4)),
    decode(await reader.readuntil([" 17", " 16 "])),
    decode(await reader.readexactly(5)),
  ], async (peer) => {
    for (const byte of encode(text)) {
      await peer.write(new Uint8Array([byte]));
      await turn();
    }
  });
  assertEquals(parts, ["GET /\r\n", "\r\n", "body", " of 16 ", "bytes"]);
});

Deno.test("A peer that sends endlessly is paused while the reader does not read", async () => {
  const limit = 10_000;
  await withPeer(async ({ transport, reader, closed }) => {
    await pausedReading(transport);
    await untilStill(() => transport.isReading() ? 1 : 0);
    transport.abort();
    const { bytesRead } = await closed;
    // Twice the limit, and what one read of the socket may bring on top.
    assert(bytesRead <= 2 * limit + 2 * 131_072, `${bytesRead} bytes were read`);
    assert((await reader.read()).length > 2 * limit);
  }, async (peer) => {
    void peer.write(pattern(32 * 1024 * 1024));
    await settle();
  }, limit);
});

Deno.test("A peer that never reads makes drain() wait, and a writer that does not wait fail", async () => {
  const error = await withPeer(async ({ writer, transport, closed }) => {
    let written = 0;
    const polite = (async () => {
      for (;; written += 65_536) {
        writer.write(BIG.subarray(0, 65_536));
        await writer.drain();
      }
    })();
    polite.catch(() => {});
    await untilStill(() => written);
    const queued = transport.getWriteBufferSize();
    assert(queued <= 2 * 65_536, `${queued} bytes are queued`);
    while (!transport.isClosing()) writer.write(BIG.subarray(0, 1024 * 1024));
    await assertRejects(() => polite, WriteBufferFullError);
    return (await closed).error;
  }, () => Promise.resolve());
  assert(error instanceof WriteBufferFullError);
  assert(error.size <= error.limit + 1024 * 1024, `${error.size} bytes were queued`);
});

Deno.test("A peer that sends overlong lines is answered for each, with memory bounded", async () => {
  const answers = await withPeer(async ({ reader }) => {
    const lines: string[] = [];
    while (!reader.atEof()) {
      const line = await reader.readline().then(decode, (error: Error) => error.name);
      if (line !== "LimitOverrunError" || lines.at(-1) !== line) lines.push(line);
    }
    return lines;
  }, async (peer) => {
    await peer.write("x".repeat(100_000));
    await peer.write("\nshort\n");
    await peer.write("y".repeat(100_000) + "\nend\n");
    await peer.end();
  }, 100);
  // How much of a long line is left depends on how it arrived.
  const rest = answers.filter((line) => !/^[xy]*\n$/.test(line) && line !== "");
  assertEquals(rest, ["LimitOverrunError", "short\n", "LimitOverrunError", "end\n"]);
});
