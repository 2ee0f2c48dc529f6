import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  createConnection,
  idleTimeout,
  IncompleteSendError,
  InvalidStateError,
  memoryTransportPair,
  sendFile,
  startServer,
  StreamConnection,
  TimeoutError,
  type Transport,
} from "@sluice/net";
import { connectCarrier } from "../../transports/core/connect_carrier.ts";
import { FakeCarrier } from "../support/doubles/fake_carrier.ts";
import { compression, insertLayer, throttle } from "@sluice/net/layers";
import { pattern } from "../support/text.ts";
import { ReplacedClock } from "../support/time/replaced_clock.ts";

/** A file of so many bytes, for the length of a scope. */
class TemporaryFile implements AsyncDisposable {
  readonly path: string;
  readonly bytes: Uint8Array;

  constructor(size: number) {
    this.path = Deno.makeTempFileSync();
    this.bytes = pattern(size);
    Deno.writeFileSync(this.path, this.bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path);
  }
}

/** The bytes that a server receives of a client that does `send`. */
async function receivedOf(send: (transport: Transport) => Promise<unknown>): Promise<Uint8Array> {
  const received = Promise.withResolvers<Uint8Array>();
  await using server = await startServer(async ({ reader }) => {
    received.resolve(await reader.read(-1));
  }, { port: 0 });
  const { transport } = await createConnection(() => ({}), { port: server.port });
  await send(transport);
  transport.close();
  return await received.promise;
}

Deno.test("sendFile() sends files of every size whole, in order with what was written before", async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 1_000_000]) {
    await using file = new TemporaryFile(size);
    const progress: number[] = [];
    const received = await receivedOf(async (transport) => {
      transport.write("<");
      const sent = await sendFile(transport, file.path, { onProgress: (n) => progress.push(n) });
      assertEquals(sent, size);
      assertEquals(transport.getWriteBufferSize(), 0);
      transport.write(">");
    });
    assertEquals(received.length, size + 2);
    assert(received.subarray(1, -1).every((byte, i) => byte === file.bytes[i]), `${size}`);
    assertEquals(progress.at(-1), size === 0 ? undefined : size);
    assertEquals(progress, progress.toSorted((a, b) => a - b));
  }
});

Deno.test("sendFile() sends ranges, of open files as well, which stay open", async () => {
  await using temporary = new TemporaryFile(200_000);
  using file = await Deno.open(temporary.path);
  await file.seek(77, Deno.SeekMode.Start);
  for (const [offset, count] of [[0, 10], [5, 150_000], [200_000, 0], [199_999, 1]] as const) {
    const received = await receivedOf((transport) => sendFile(transport, file, { offset, count }));
    assertEquals(received, temporary.bytes.slice(offset, offset + count));
  }
  const rest = await receivedOf((transport) =>
    sendFile(transport, new URL(`file://${temporary.path}`), { offset: 199_000 })
  );
  assertEquals(rest, temporary.bytes.slice(199_000));
});

Deno.test("sendFile() refuses a folder, values that are not files, and ranges beyond the end, and sends nothing", async () => {
  await using file = new TemporaryFile(10);
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const refused: [unknown, object, new () => Error, string][] = [
    [Deno.cwd(), {}, TypeError, "it is a folder"],
    ["/dev/null", {}, TypeError, "it is no regular file; pipe its readable instead"],
    [7, {}, TypeError, "7 is neither a path nor an open file"],
    [file.path, { offset: 11 }, RangeError, "offset 11 is beyond its 10 bytes"],
    [file.path, { offset: 4, count: 7 }, RangeError, "offset 4 + count 7 is beyond its 10 bytes"],
    [file.path, { offset: -1 }, RangeError, "offset -1 is not a whole number of at least 0"],
    [file.path, { offset: 1.5 }, RangeError, "offset 1.5 is not a whole number of at least 0"],
    [file.path, { count: NaN }, RangeError, "count NaN is not a whole number"],
    [file.path, { length: 3 }, TypeError, 'there is no option "length"'],
    [file.path, { timeout: 0 }, RangeError, "timeout 0 is not a time above 0 ms"],
    [`${file.path}.not`, {}, Deno.errors.NotFound, ""],
  ];
  for (const [what, options, kind, text] of refused) {
    if (what === "/dev/null" && Deno.build.os === "windows") continue;
    await assertRejects(() => sendFile(a.transport, what as string, options), kind, text);
  }
  assertEquals(a.transport.getWriteBufferSize(), 0);
  a.transport.write("still writable");
  a.transport.close();
  assertEquals((await b.transport.closed).bytesRead, 14);
});

Deno.test("sendFile() rejects with IncompleteSendError when the file becomes shorter meanwhile", async () => {
  await using file = new TemporaryFile(1_000_000);
  let sent: number | undefined;
  const received = await receivedOf(async (transport) => {
    const error = await assertRejects(
      () =>
        sendFile(transport, file.path, {
          onProgress: (sent) => {
            if (sent < 300_000) Deno.truncateSync(file.path, 300_000);
          },
        }),
      IncompleteSendError,
      "it ended after 300000 of 1000000 bytes",
    );
    sent = error.sent;
    assertEquals([error.sent, error.expected], [300_000, 1_000_000]);
  });
  assertEquals(received.length, sent);
});

Deno.test("sendFile() sends no more than the file had when it began", async () => {
  await using file = new TemporaryFile(100_000);
  const received = await receivedOf((transport) =>
    sendFile(transport, file.path, {
      onProgress: () => Deno.writeFileSync(file.path, new Uint8Array(99), { append: true }),
    })
  );
  assertEquals(received, file.bytes);
});

/** A transport whose peer takes nothing. */
async function stalled(): Promise<readonly [Transport, Transport]> {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  b.transport.pauseReading();
  return [a.transport, b.transport];
}

Deno.test("sendFile() has other writes refused, ends of writing and further files as well", async () => {
  await using file = new TemporaryFile(2_000_000);
  const [transport, peer] = await stalled();
  const begun = Promise.withResolvers<number>();
  const sending = sendFile(transport, file.path, { onProgress: begun.resolve });
  await begun.promise;
  const refused = "Cannot write: a file is being sent; await that first";
  assertThrows(() => transport.write("x"), InvalidStateError, refused);
  assertThrows(() => transport.writelines(["x", "y"]), InvalidStateError, refused);
  assertThrows(() => transport.writeEof(), InvalidStateError, "Cannot end writing: a file is");
  assertThrows(() => transport.write("x"), InvalidStateError, refused);
  await assertRejects(() => sendFile(transport, file.path), InvalidStateError, "being sent");
  await assertRejects(
    () => insertLayer(transport, idleTimeout({ timeout: 1000 })),
    InvalidStateError,
    "a file is being sent",
  );
  assert(transport.getWriteBufferSize() < 400_000, "no faster than the peer takes it");
  peer.resumeReading();
  assertEquals(await sending, 2_000_000);
  transport.write("x");
  transport.close();
  assertEquals((await peer.closed).bytesRead, 2_000_001);
});

Deno.test("sendFile() leaves the memory of a refused write to its writer", async () => {
  await using file = new TemporaryFile(2_000_000);
  const [transport, peer] = await stalled();
  const sending = sendFile(transport, file.path);
  const data = new Uint8Array(20_000);
  assertThrows(() => transport.write(data, { transfer: true }), InvalidStateError, "being sent");
  assertEquals(data.length, 20_000);
  peer.resumeReading();
  await sending;
  transport.write(data, { transfer: true });
  assertEquals(data.length, 0);
  transport.close();
  assertEquals((await peer.closed).bytesRead, 2_020_000);
});

Deno.test("sendFile() has other writes refused from the call on, before the file is open", async () => {
  await using file = new TemporaryFile(10);
  const received = await receivedOf(async (transport) => {
    const sending = sendFile(transport, file.path);
    assertThrows(() => transport.write("too early"), InvalidStateError, "a file is being sent");
    await assertRejects(() => sendFile(transport, file.path), InvalidStateError, "being sent");
    await sending;
    await assertRejects(() => sendFile(transport, `${file.path}/none`));
    transport.write(">");
  });
  assertEquals(received, Uint8Array.of(...file.bytes, 62));
});

Deno.test("sendFile() ends with its signal when the connection is closing and its peer stalls", async () => {
  await using file = new TemporaryFile(10);
  const [transport] = await stalled();
  transport.write(new Uint8Array(1_000_000));
  transport.close();
  const controller = new AbortController();
  const sending = sendFile(transport, file.path, { signal: controller.signal });
  controller.abort("stop");
  assertEquals(await sending.catch((error) => error), "stop");
  transport.abort();
  await transport.closed;
});

Deno.test("sendFile() ends with its signal, its timeout and the connection, and leaves writing free", async () => {
  using clock = new ReplacedClock();
  await using file = new TemporaryFile(2_000_000);
  const controller = new AbortController();
  const ends: [object, () => unknown, (error: unknown) => void][] = [
    [{ signal: controller.signal }, () => controller.abort("stop"), (e) => assertEquals(e, "stop")],
    [{ timeout: 20 }, () => clock.advance(20), (error) => assert(error instanceof TimeoutError)],
  ];
  for (const [options, end, check] of ends) {
    const [transport, peer] = await stalled();
    const begun = Promise.withResolvers<number>();
    const sending = sendFile(transport, file.path, { ...options, onProgress: begun.resolve })
      .catch((error) => error);
    await begun.promise;
    end();
    check(await sending);
    transport.write("end");
    peer.resumeReading();
    transport.close();
    const { bytesRead } = await peer.closed;
    assert(bytesRead > 3 && bytesRead < 400_000, `${bytesRead}`);
  }
  const [transport] = await stalled();
  const begun = Promise.withResolvers<number>();
  const sending = sendFile(transport, file.path, { onProgress: begun.resolve });
  const cut = new Error("cut");
  sending.catch(() => {});
  await begun.promise;
  transport.abort(cut);
  assertEquals(await assertRejects(() => sending), cut);
});

Deno.test("sendFile() goes through layers, those that hold bytes back and change them as well", async () => {
  await using file = new TemporaryFile(300_000);
  const layers = [
    [compression({ format: "gzip" })],
    [throttle({ send: { rate: 10_000_000 } })],
    [idleTimeout({ timeout: 60_000 })],
  ];
  for (const list of layers) {
    await using server = await startServer(async ({ reader, writer }) => {
      writer.write(String((await reader.read(-1)).length));
    }, { port: 0, layers: list });
    const { transport } = await createConnection(() => ({}), { port: server.port, layers: list });
    const connection = StreamConnection.over(transport);
    assertEquals(await connection.writer.sendFile(file.path), 300_000);
    connection.writer.writeEof();
    assertEquals(await connection.reader.readline({ as: "text" }), "300000");
    await connection.close();
  }
});

Deno.test("StreamWriter.sendFile() is ended by the shutdown of the server", async () => {
  await using file = new TemporaryFile(24_000_000);
  const started = Promise.withResolvers<void>();
  const errors: Error[] = [];
  const server = await startServer(async ({ writer }) => {
    await writer.sendFile(file.path, { onProgress: (sent) => sent > 4e6 || started.resolve() });
  }, { port: 0, onError: (error) => void errors.push(error) });
  const { transport } = await createConnection(
    () => ({ connectionMade: (made) => made.pauseReading() }),
    { port: server.port },
  );
  await started.promise;
  const stopping = server.shutdown({ grace: Infinity });
  transport.resumeReading();
  assertEquals(await stopping, { finished: 1, aborted: 0 });
  assertEquals(errors, []);
  assert((await transport.closed).bytesRead < 24_000_000);
});

Deno.test("sendFile() fails when writing has failed, also while the data of the peer is still read", async () => {
  await using file = new TemporaryFile(70_000);
  const carrier = new FakeCarrier();
  const { transport } = await connectCarrier(() => ({}), carrier);
  const sending = sendFile(transport, file.path);
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("The peer is gone"));
  await assertRejects(() => sending, Deno.errors.BrokenPipe, "The peer is gone");
  assertEquals(transport.isClosing(), false);
  await assertRejects(() => sendFile(transport, file.path), Deno.errors.BrokenPipe);
  transport.abort();
  await transport.closed;
});

Deno.test("sendFile() does not send below a layer whose insertion has not resolved", async () => {
  await using file = new TemporaryFile(10);
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const inserted = insertLayer(a.transport, compression({ format: "gzip" }));
  await assertRejects(() => sendFile(a.transport, file.path), InvalidStateError, "being inserted");
  const top = await inserted;
  assertEquals(await sendFile(top, file.path), 10);
  top.close();
  await b.transport.closed;
});
