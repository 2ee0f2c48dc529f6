import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { settle, untilStill } from "../../support/time/event_loop.ts";
import { decode, encode, pattern } from "../../support/text.ts";

Deno.test("StreamReader.from() reads the lines of a response", async () => {
  const response = new Response("one\ntwo\n");
  assert(response.body);
  assertEquals(await Array.fromAsync(StreamReader.from(response.body).lines()), ["one", "two"]);
});

Deno.test("StreamReader.from() reads records and counts of a file", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "5;HELLO" + "x".repeat(200_000) + "\nend");
    const file = await Deno.open(path);
    const reader = StreamReader.from(file.readable, { limit: 300_000 });
    assertEquals(decode(await reader.readuntil(";")), "5;");
    assertEquals(decode(await reader.readexactly(5)), "HELLO");
    assertEquals((await reader.readline()).length, 200_001);
    assertEquals(decode(await reader.read()), "end");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("StreamReader.from() reads what a process prints", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "for (let i = 0; i < 1000; i++) console.log(`line ${i}`)"],
    stdout: "piped",
  }).spawn();
  const lines = await Array.fromAsync(StreamReader.from(process.stdout).lines());
  assertEquals(lines, Array.from({ length: 1000 }, (_, i) => `line ${i}`));
  assertEquals((await process.status).success, true);
});

Deno.test("StreamReader.from() throws TypeError for a stream that is locked", () => {
  const readable = ReadableStream.from([encode("data")]);
  readable.getReader();
  assertThrows(() => StreamReader.from(readable), TypeError, "locked");
});

Deno.test("StreamReader.from() throws RangeError for a bad limit and leaves the stream alone", () => {
  const readable = ReadableStream.from([encode("data")]);
  assertThrows(() => StreamReader.from(readable, { limit: 0 }), RangeError);
  assertEquals(readable.locked, false);
});

Deno.test("StreamReader.from() reads what came before its stream failed, then throws the failure", async () => {
  const error = new Error("Disk gone");
  const readable = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(encode("one\ntw")),
    pull: (controller) => controller.error(error),
  });
  const reader = StreamReader.from(readable);
  assertEquals(decode(await reader.readline()), "one\n");
  const thrown = await assertRejects(() => reader.readline(), Error, "Disk gone");
  assertEquals(decode(await reader.read(9)), "tw");
  assertStrictEquals(await assertRejects(() => reader.read(9)), thrown);
});

Deno.test("StreamReader.from() reads ahead no more than twice the limit and a chunk", async () => {
  let pulled = 0;
  const readable = new ReadableStream<Bytes>({
    pull: (controller) => {
      pulled += 10;
      controller.enqueue(pattern(10));
    },
  }, { highWaterMark: 0 });
  const reader = StreamReader.from(readable, { limit: 50 });
  await untilStill(() => pulled);
  // One chunk waits in the pump after the reader's own.
  assert(pulled > 100 && pulled <= 120, `${pulled} bytes were read`);
  assertEquals((await reader.readexactly(60)).length, 60);
  await untilStill(() => pulled);
  assert(pulled > 160 && pulled <= 180, `${pulled} bytes were read`);
  await reader.readable.cancel();
});

Deno.test("StreamReader.from() cancels its stream when its Web stream is cancelled", async () => {
  const cancelled = Promise.withResolvers<unknown>();
  let pulls = 0;
  const readable = new ReadableStream<Bytes>({
    pull: (controller) => {
      pulls++;
      controller.enqueue(pattern(10));
    },
    cancel: cancelled.resolve,
  }, { highWaterMark: 0 });
  const reader = StreamReader.from(readable, { limit: 50 });
  await reader.readable.cancel(new Error("Not interested"));
  await cancelled.promise;
  const before = pulls;
  await settle();
  assertEquals(pulls, before);
  assertEquals(await reader.read(1), new Uint8Array(0));
});

Deno.test("StreamReader.from() reads a stream of an empty chunk, a byte stream and one without bytes", async () => {
  const empty = ReadableStream.from([new Uint8Array(0), encode("a"), new Uint8Array(0)]);
  assertEquals(decode(await StreamReader.from(empty).read()), "a");
  const bytes = new ReadableStream<Bytes>({
    type: "bytes",
    pull: (controller) => {
      controller.enqueue(encode("bytes"));
      controller.close();
    },
  });
  assertEquals(decode(await StreamReader.from(bytes).read()), "bytes");
  assertEquals(await StreamReader.from(ReadableStream.from<Bytes>([])).read(), new Uint8Array(0));
});
