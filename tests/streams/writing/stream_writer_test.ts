import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { toBytes, toText } from "@std/streams";
import type { Bytes } from "../../../protocols/bytes.ts";
import { ConnectionLostError, InvalidStateError } from "../../../protocols/errors.ts";
import { FlowControl } from "../../../streams/writing/flow_control.ts";
import { StreamWriter, writerOf } from "../../../streams/writing/stream_writer.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { settle, stateOf, untilStill } from "../../support/time/event_loop.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";

function recorded(): { writer: StreamWriter; transport: RecordingTransport } {
  const flow = new FlowControl();
  const transport = new RecordingTransport(flow.asProtocol(), {
    writeBufferLimits: { high: 4 },
    extraInfo: { sockname: "here" },
  });
  transport.start();
  return { writer: writerOf(flow), transport };
}

Deno.test("StreamWriter forwards its calls to its transport", async () => {
  const { writer, transport } = recorded();
  assertStrictEquals(writer.transport, transport);
  assertEquals(writer.write("one "), true);
  assertEquals(writer.writelines([encode("two "), "three"]), false);
  assertEquals(writer.canWriteEof(), true);
  assertEquals(writer.getExtraInfo("sockname") as unknown, "here");
  assertEquals(writer.getExtraInfo("cipher", "none"), "none");
  writer.writeEof();
  assertEquals(writer.isClosing(), false);
  writer.close();
  assertEquals(writer.isClosing(), true);
  await writer.waitClosed();
  assertEquals(transport.writtenText, "one two three");
  assertEquals(
    transport.calls.map(({ method }) => method),
    ["write", "writelines", "writeEof", "close"],
  );
});

Deno.test("StreamWriter.write() returns false above the high-water mark, until the queue is at the low one", async () => {
  const { writer, transport } = recorded();
  transport.stall();
  assertEquals(writer.write("1234"), true);
  assertEquals(writer.write("5"), false);
  assertEquals(writer.writelines([]), false);
  await transport.drain();
  assertEquals(writer.write("6"), true);
});

Deno.test("StreamWriter throws before it has a transport", () => {
  const writer = writerOf(new FlowControl());
  assertThrows(() => writer.write("early"), InvalidStateError, "not connected yet");
});

for (const bad of [42, null, undefined, [1, 2]]) {
  Deno.test(`StreamWriter.write() throws TypeError for ${JSON.stringify(bad)} and stays usable`, async () => {
    await using pair = await connectPair();
    // Wrong on purpose, as plain JavaScript may be.
    assertThrows(() => pair.a.writer.write(bad as unknown as string), TypeError);
    assertThrows(() => pair.a.writer.writelines(["fine", bad as unknown as string]), TypeError);
    pair.a.writer.write("sent");
    pair.a.writer.writeEof();
    assertEquals(decode(await pair.b.reader.read()), "sent");
  });
}

Deno.test("StreamWriter.writeEof() ends one direction; writing is an error, reading goes on", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  a.writer.write("question");
  a.writer.writeEof();
  a.writer.writeEof();
  assertThrows(() => a.writer.write("more"), InvalidStateError, "writeEof() was called");
  assertEquals(decode(await b.reader.read()), "question");
  b.writer.write("answer");
  b.writer.close();
  assertEquals(decode(await a.reader.read()), "answer");
});

for (const medium of ["memory", "tcp"] as const) {
  Deno.test(`StreamWriter.close() sends what is queued before the end (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const data = pattern(1_000_000);
    pair.a.writer.write(data);
    pair.a.writer.close();
    pair.a.writer.write("dropped");
    const received = await pair.b.reader.read();
    assert(received.every((byte, index) => byte === data[index]));
    assertEquals(received.length, data.length);
    pair.b.writer.close();
    await Promise.all([pair.a.writer.waitClosed(), pair.b.writer.waitClosed()]);
  });

  Deno.test(`StreamWriter.drain() holds a writer back whose peer does not read (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    // More than the system's own buffers take.
    const total = medium === "tcp" ? 64 * 1024 * 1024 : 4 * 1024 * 1024;
    const chunk = pattern(65_536);
    let written = 0;
    let largest = 0;
    const writing = (async () => {
      for (; written < total; written += chunk.length) {
        a.writer.write(chunk);
        largest = Math.max(largest, a.transport.getWriteBufferSize());
        await a.writer.drain();
      }
      a.writer.writeEof();
    })();
    await untilStill(() => written);
    assert(written < total, `${written} bytes were accepted`);
    assert(largest <= 2 * 65_536, `${largest} bytes were queued`);
    let received = 0;
    while (!b.reader.atEof()) received += (await b.reader.read(1_048_576)).length;
    await writing;
    assertEquals(received, total);
  });
}

Deno.test("StreamWriter.close() then waitClosed() resolves although received data was not read", async () => {
  await using pair = await connectPair();
  pair.b.writer.write("never read");
  await settle();
  pair.a.writer.close();
  await pair.a.writer.waitClosed();
  assertEquals(decode(await pair.a.reader.read()), "never read");
  assertEquals(pair.a.reader.atEof(), true);
});

Deno.test("StreamWriter.write() and drain() after close() reject with ConnectionLostError", async () => {
  await using pair = await connectPair();
  pair.a.writer.close();
  assertEquals(pair.a.writer.write("dropped"), true);
  await assertRejects(() => pair.a.writer.drain(), ConnectionLostError);
});

Deno.test("StreamWriter.write() and drain() in a loop end when the peer vanishes", async () => {
  await using pair = await connectPair("tcp");
  const { a, b } = pair;
  let rounds = 0;
  const loop = async (): Promise<never> => {
    for (;; rounds++) {
      a.writer.write("x");
      await a.writer.drain();
      if (rounds === 10) b.transport.abort();
      // Lets the loss arrive: drain() resolves at once while little is queued.
      if (rounds >= 10) await settle();
    }
  };
  await assertRejects(loop);
  assert(rounds < 1000, `${rounds} rounds`);
});

Deno.test("StreamWriter.from() writes, ends and waits for a Web stream", async () => {
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const writer = StreamWriter.from(writable);
  assertEquals(writable.locked, true);
  writer.write("to be ");
  writer.write(encode("read"));
  writer.close();
  assertEquals(await toText(readable), "to be read");
  await writer.waitClosed();
});

Deno.test("StreamWriter.from() throws TypeError for a stream that is locked", () => {
  const { writable } = new TransformStream<Bytes, Bytes>();
  writable.getWriter();
  assertThrows(() => StreamWriter.from(writable), TypeError, "locked");
});

Deno.test("StreamWriter.startTls() rejects for a writer without a reader", async () => {
  const { writable } = new TransformStream<Bytes, Bytes>();
  const writer = StreamWriter.from(writable);
  const starting = writer.startTls({ serverName: "localhost" });
  await assertRejects(() => starting, InvalidStateError, "no reader");
  writer.transport.abort();
});

Deno.test("StreamWriter.from() writes a file, which is complete when the writer has closed", async () => {
  const path = await Deno.makeTempFile();
  try {
    const file = await Deno.open(path, { write: true });
    const writer = StreamWriter.from(file.writable);
    const data = pattern(300_000);
    for (let start = 0; start < data.length; start += 10_000) {
      writer.write(data.subarray(start, start + 10_000));
      await writer.drain();
    }
    writer.close();
    await writer.waitClosed();
    assertEquals(await Deno.readFile(path), data);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("StreamWriter.from() waits in waitClosed() for bytes that a stream writes only at its end", async () => {
  const log: string[] = [];
  const writer = StreamWriter.from(
    new WritableStream<Bytes>({
      write: (chunk) => void log.push(decode(chunk)),
      close: async () => {
        await settle();
        log.push("closed");
      },
    }),
  );
  writer.write("data");
  writer.close();
  await writer.waitClosed();
  assertEquals(log, ["data", "closed"]);
});

Deno.test("StreamWriter.from() writes to the stdin of a process", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "await Deno.stdin.readable.pipeTo(Deno.stdout.writable)"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = StreamWriter.from(process.stdin);
  const data = pattern(200_000);
  writer.write(data);
  writer.close();
  assertEquals(await toBytes(process.stdout), data);
  assertEquals((await process.status).success, true);
});

Deno.test("StreamWriter.from() rejects with the failure of its stream in drain(), flush() and waitClosed()", async () => {
  const error = new Error("Disk full");
  const writer = StreamWriter.from(
    new WritableStream<Bytes>({
      write: () => {
        throw error;
      },
    }),
  );
  writer.write("lost");
  await assertRejects(() => writer.flush(), Error, "Disk full");
  await assertRejects(() => writer.drain(), Error, "Disk full");
  await assertRejects(() => writer.waitClosed(), Error, "Disk full");
});

Deno.test("StreamWriter.from() reports a failure at the end of its stream", async () => {
  const writer = StreamWriter.from(
    new WritableStream<Bytes>({
      close: () => {
        throw new Error("Disk full");
      },
    }),
  );
  writer.close();
  await assertRejects(() => writer.waitClosed(), Error, "Disk full");
});

Deno.test("StreamWriter.from() holds back a writer whose stream does not take the bytes", async () => {
  const isReady = Promise.withResolvers<void>();
  let taken = 0;
  const writer = StreamWriter.from(
    new WritableStream<Bytes>({
      write: async (chunk) => {
        await isReady.promise;
        taken += chunk.length;
      },
    }),
  );
  assertEquals(writer.write(pattern(100_000)), false);
  const draining = writer.drain();
  await settle();
  assertEquals(taken, 0);
  isReady.resolve();
  await draining;
  await writer.flush();
  assertEquals(taken, 100_000);
  writer.close();
  await writer.waitClosed();
});

Deno.test("StreamWriter.sent() and flush() resolve however much is written meanwhile", async () => {
  const flow = new FlowControl();
  const transport = new RecordingTransport(flow.asProtocol());
  transport.start();
  transport.stall();
  const writer = writerOf(flow);
  writer.write("12345");
  const waits = [writer.sent(), writer.flush()];
  for (let i = 0; i < 5; i++) {
    assertEquals(await stateOf(Promise.all(waits)), "pending");
    writer.write("more");
    transport.drain(1);
  }
  await Promise.all(waits);
  assert(transport.getWriteBufferSize() > 0);
  transport.abort();
});
