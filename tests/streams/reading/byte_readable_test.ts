import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { toBytes } from "@std/streams";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { stateOf, turn } from "../../support/time/event_loop.ts";
import { decode, encode, pattern } from "../../support/text.ts";

/** The rules of the Web Platform for byte streams, over the reader's buffer. */

const END = { done: true, value: undefined };

function readerWith(...chunks: string[]): StreamReader {
  const reader = new StreamReader();
  for (const chunk of chunks) reader.feedData(encode(chunk));
  return reader;
}

function ended(...chunks: string[]): StreamReader {
  const reader = readerWith(...chunks);
  reader.feedEof();
  return reader;
}

Deno.test("StreamReader.readable is one byte stream, always the same", () => {
  const { readable } = new StreamReader();
  assert(readable instanceof ReadableStream);
  assertEquals(readable.locked, false);
  const reader = new StreamReader();
  assertStrictEquals(reader.readable, reader.readable);
});

Deno.test("ReadableStreamDefaultReader.read() gives each chunk, then the end, again and again", async () => {
  const chunk = "x".repeat(1000);
  const web = ended(chunk, chunk).readable.getReader();
  assertEquals((await web.read()).value?.length, 1000);
  assertEquals((await web.read()).value?.length, 1000);
  assertEquals<unknown>(await web.read(), END);
  assertEquals<unknown>(await web.read(), END);
  await web.closed;
});

Deno.test("ReadableStreamDefaultReader.read() several times at once is answered in order", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader();
  const reads = Array.from({ length: 3 }, () => web.read());
  for (const text of ["one", "two", "three"]) {
    reader.feedData(encode(text));
    await turn();
  }
  const results = await Promise.all(reads);
  assertEquals(results.map(({ value }) => value && decode(value)), ["one", "two", "three"]);
});

Deno.test("ReadableStreamDefaultReader takes nothing out of the buffer before it is asked", async () => {
  const reader = readerWith("data");
  const web = reader.readable.getReader();
  await turn();
  web.releaseLock();
  assertEquals(decode(await reader.read(9)), "data");
});

Deno.test("ReadableStreamBYOBReader.read() fills the memory it is given, and hands it back", async () => {
  const web = readerWith("hello world").readable.getReader({ mode: "byob" });
  const buffer = new ArrayBuffer(8);
  const { done, value } = await web.read(new Uint8Array(buffer, 1, 5));
  assert(value);
  assertEquals(done, false);
  assertEquals(decode(value), "hello");
  assertEquals([value.byteOffset, value.length, value.buffer.byteLength], [1, 5, 8]);
  assertEquals(buffer.byteLength, 0, "the memory is transferred");
  assertEquals(decode(new Uint8Array(value.buffer)), "\0hello\0\0");
});

Deno.test("ReadableStreamBYOBReader.read() may return less than fits, and leaves the rest to the next", async () => {
  const reader = readerWith("abc", "defg");
  const web = reader.readable.getReader({ mode: "byob" });
  const first = await web.read(new Uint8Array(5));
  const second = await web.read(new Uint8Array(5));
  assertEquals([first, second].map(({ value }) => value && decode(value)), ["abcde", "fg"]);
});

Deno.test("ReadableStreamBYOBReader.read() with min waits for so many bytes", async () => {
  const reader = readerWith("ab");
  const web = reader.readable.getReader({ mode: "byob" });
  const reading = web.read(new Uint8Array(8), { min: 5 });
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode("cd"));
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode("ef"));
  const { value } = await reading;
  assertEquals(value && decode(value), "abcdef");
});

Deno.test("ReadableStreamBYOBReader.read() with min goes beyond the limit", async () => {
  const reader = new StreamReader({ limit: 4 });
  const web = reader.readable.getReader({ mode: "byob" });
  const reading = web.read(new Uint8Array(100), { min: 100 });
  for (let i = 0; i < 10; i++) reader.feedData(pattern(10, 10 * i));
  assertEquals((await reading).value, pattern(100));
});

Deno.test("ReadableStreamBYOBReader.read() with min gives what there was at the end, and that it ended", async () => {
  const web = ended("abc").readable.getReader({ mode: "byob" });
  const { done, value } = await web.read(new Uint8Array(8), { min: 5 });
  assertEquals(value && decode(value), "abc");
  assertEquals(done, true);
});

Deno.test("ReadableStreamBYOBReader.read() gives whole elements of any kind of view", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader({ mode: "byob" });
  const reading = web.read(new Uint16Array(4));
  reader.feedData(new Uint8Array([1]));
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(new Uint8Array([0, 2, 0]));
  assertEquals(Array.from((await reading).value ?? []), [1, 2]);
  const viewing = web.read(new DataView(new ArrayBuffer(4)));
  reader.feedData(new Uint8Array([7]));
  assertEquals((await viewing).value?.getUint8(0), 7);
});

Deno.test("ReadableStreamBYOBReader.read() fails when the data ends inside an element", async () => {
  const web = ended("abc").readable.getReader({ mode: "byob" });
  await assertRejects(() => web.read(new Uint32Array(2)), TypeError);
  await assertRejects(() => web.closed, TypeError);
});

Deno.test("ReadableStreamBYOBReader.read() hands the memory back at the end, empty", async () => {
  const web = ended().readable.getReader({ mode: "byob" });
  const { done, value } = await web.read(new Uint8Array(8));
  assertEquals(done, true);
  assertEquals([value?.length, value?.buffer.byteLength], [0, 8]);
  assertEquals((await web.read(new Uint8Array(4))).done, true);
});

Deno.test("ReadableStreamBYOBReader.read() several times at once is answered in order", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader({ mode: "byob" });
  const reads = [web.read(new Uint8Array(2)), web.read(new Uint8Array(9), { min: 3 })];
  reader.feedData(encode("abcd"));
  await turn();
  reader.feedData(encode("e"));
  const results = await Promise.all(reads);
  assertEquals(results.map(({ value }) => value && decode(value)), ["ab", "cde"]);
});

/** Memory that cannot be read into: each is refused, and nothing is lost. */
const BAD_VIEWS: [string, () => ArrayBufferView<ArrayBuffer>][] = [
  // Wrong on purpose, as plain JavaScript may be.
  ["nothing", () => undefined as unknown as Uint8Array<ArrayBuffer>],
  ["an empty view", () => new Uint8Array(0)],
  ["a view of an empty buffer", () => new Uint8Array(new ArrayBuffer(0))],
  ["a view that is detached", () => {
    const view = new Uint8Array(4);
    structuredClone(view, { transfer: [view.buffer] });
    return view;
  }],
];

for (const [name, make] of BAD_VIEWS) {
  Deno.test(`ReadableStreamBYOBReader.read() rejects ${name} and reads on`, async () => {
    const reader = readerWith("data");
    const web = reader.readable.getReader({ mode: "byob" });
    await assertRejects(() => web.read(make()), TypeError);
    const { value } = await web.read(new Uint8Array(2));
    assertEquals(value && decode(value), "da");
    web.releaseLock();
    assertEquals(decode(await reader.read(9)), "ta");
  });
}

for (const min of [0, 9, -1]) {
  Deno.test(`ReadableStreamBYOBReader.read() rejects a min of ${min} for 8 bytes and reads on`, async () => {
    const reader = readerWith("data");
    const web = reader.readable.getReader({ mode: "byob" });
    await assertRejects(() => web.read(new Uint8Array(8), { min }));
    web.releaseLock();
    assertEquals(decode(await reader.read(9)), "data");
  });
}

Deno.test("ReadableStream refuses a second reader, cancel(), tee() and pipeTo() while it is locked", async () => {
  const { readable } = readerWith("data");
  const web = readable.getReader();
  assertEquals(readable.locked, true);
  assertThrows(() => readable.getReader(), TypeError);
  assertThrows(() => readable.getReader({ mode: "byob" }), TypeError);
  assertThrows(() => readable.tee(), TypeError);
  assertThrows(() => readable.pipeThrough(new TransformStream()), TypeError);
  assertThrows(() => readable.values(), TypeError);
  await assertRejects(() => readable.cancel(), TypeError);
  await assertRejects(() => readable.pipeTo(new WritableStream()), TypeError);
  assertEquals(decode((await web.read()).value ?? new Uint8Array(0)), "data");
});

Deno.test("ReadableStream readers that were released cannot be used", async () => {
  const { readable } = readerWith("data");
  for (const make of [() => readable.getReader(), () => readable.getReader({ mode: "byob" })]) {
    const web = make();
    web.releaseLock();
    await assertRejects(() => web.closed, TypeError);
    await assertRejects(() => web.cancel(), TypeError);
    await assertRejects(() => web.read(new Uint8Array(1)), TypeError);
    web.releaseLock();
  }
});

Deno.test("ReadableStream keeps to the platform's kinds of readers", () => {
  const { readable } = new StreamReader();
  const web = readable.getReader();
  assert(web instanceof ReadableStreamDefaultReader);
  web.releaseLock();
  const byob = readable.getReader({ mode: "byob" });
  assert(byob instanceof ReadableStreamBYOBReader);
  byob.releaseLock();
  assertThrows(() => readable.getReader({ mode: "other" as "byob" }), TypeError);
});

Deno.test("ReadableStream.cancel() drops buffered and later bytes, and ends every API", async () => {
  const reader = readerWith("dropped");
  await reader.readable.cancel(new Error("Not interested"));
  reader.feedData(encode("dropped as well"));
  assertEquals(reader.atEof(), true);
  assertEquals(await reader.read(), new Uint8Array(0));
  assertEquals<unknown>(await reader.readable.getReader().read(), END);
});

Deno.test("ReadableStream.cancel() ends a read that is waiting", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader();
  const reading = web.read();
  await web.cancel();
  assertEquals<unknown>(await reading, END);
  await web.closed;
});

Deno.test("ReadableStream.cancel() after the end resolves", async () => {
  const { readable } = ended("data");
  // toText() would leave it locked.
  const chunks = await Array.fromAsync(readable.values({ preventCancel: true }));
  assertEquals(await new Blob(chunks).text(), "data");
  await readable.cancel();
});

Deno.test("ReadableStream of a reader that failed gives the bytes first, then the failure", async () => {
  const reader = readerWith("data");
  const error = new Error("Broken");
  reader.setException(error);
  const web = reader.readable.getReader();
  assertEquals(decode((await web.read()).value ?? new Uint8Array(0)), "data");
  assertStrictEquals(await assertRejects(() => web.read()), error);
  assertStrictEquals(await assertRejects(() => web.closed), error);
});

Deno.test("ReadableStream fails a read that waits when the reader fails", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader({ mode: "byob" });
  const reading = web.read(new Uint8Array(4));
  await turn();
  const error = new Error("Broken");
  reader.setException(error);
  assertStrictEquals(await assertRejects(() => reading), error);
});

Deno.test("ReadableStream iterates over the chunks, and is cancelled by a break", async () => {
  const chunk = "x".repeat(600);
  const reader = readerWith(chunk, chunk, chunk);
  let chunks = 0;
  for await (const { length } of reader.readable) {
    assertEquals(length, 600);
    if (++chunks === 2) break;
  }
  assertEquals(reader.readable.locked, false);
  assertEquals(reader.atEof(), true);
});

Deno.test("ReadableStream.values() with preventCancel leaves the rest to others at a break", async () => {
  const chunk = "x".repeat(600);
  const reader = readerWith(chunk, "rest");
  for await (const _ of reader.readable.values({ preventCancel: true })) break;
  assertEquals(decode(await reader.read(9)), "rest");
});

Deno.test("ReadableStream.tee() gives both branches every byte, however fast each is", async () => {
  const reader = new StreamReader();
  const [left, right] = reader.readable.tee();
  const slow = right.getReader();
  const data = pattern(10_000);
  const all = toBytes(left);
  for (let start = 0; start < data.length; start += 1000) {
    reader.feedData(data.slice(start, start + 1000));
    await turn();
  }
  reader.feedEof();
  assertEquals(await all, data);
  slow.releaseLock();
  assertEquals(await toBytes(right), data);
});

Deno.test("ReadableStream.tee() gives memory of its own to each branch, also to a BYOB reader", async () => {
  const [left, right] = ended("shared").readable.tee();
  const first = await left.getReader({ mode: "byob" }).read(new Uint8Array(6));
  const second = await right.getReader().read();
  assert(first.value && second.value);
  assert(first.value.buffer !== second.value.buffer);
  first.value.fill(0);
  assertEquals(decode(second.value), "shared");
});

Deno.test("ReadableStream.tee() reads on while one branch is cancelled, and is cancelled by both", async () => {
  const reader = new StreamReader();
  const [left, right] = reader.readable.tee();
  const first = left.cancel("left");
  reader.feedData(encode("data"));
  assertEquals(decode((await readOne(right)) ?? new Uint8Array(0)), "data");
  await Promise.all([first, right.cancel("right")]);
  assertEquals(reader.atEof(), true);
});

async function readOne(readable: ReadableStream<Uint8Array>): Promise<Uint8Array | undefined> {
  const web = readable.getReader();
  const { value } = await web.read();
  web.releaseLock();
  return value;
}

Deno.test("ReadableStream.pipeThrough() feeds a transform stream", async () => {
  const reader = ended("\u20ac", "uro");
  const text = reader.readable.pipeThrough(new TextDecoderStream());
  assertEquals((await Array.fromAsync(text)).join(""), "\u20acuro");
});

Deno.test("ReadableStream feeds a Response", async () => {
  assertEquals(await new Response(ended("a ", "body").readable).text(), "a body");
});

Deno.test("ReadableStream never touches bytes that were handed out before", async () => {
  const whole = encode("0123456789abcdefghij");
  const reader = new StreamReader();
  reader.feedData(whole.slice());
  const first = await reader.readexactly(3);
  const web = reader.readable.getReader();
  const second = (await web.read()).value;
  assert(second);
  // The stream took its memory away; ours was not in it.
  structuredClone(second, { transfer: [second.buffer] });
  assertEquals(decode(first), "012");
  web.releaseLock();
  for (let i = 0; i < 20; i++) reader.feedData(whole.slice(i, i + 1));
  const third = await reader.readexactly(12);
  const byob = reader.readable.getReader({ mode: "byob" });
  const fourth = (await byob.read(new Uint8Array(8))).value;
  assert(fourth);
  structuredClone(fourth, { transfer: [fourth.buffer] });
  assertEquals(decode(first) + decode(third), "0120123456789ab");
});

Deno.test("ReadableStream rejects a read while a reader's method waits", async () => {
  const reader = new StreamReader();
  const line = reader.readline();
  await assertRejects(() => reader.readable.getReader().read(), InvalidStateError, "another read");
  reader.feedData(encode("mine\n"));
  assertEquals(decode(await line), "mine\n");
});

Deno.test("StreamReader.read() rejects while a Web reader waits, which gets the bytes", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader();
  const reading = web.read();
  await turn();
  await assertRejects(() => reader.read(1), InvalidStateError, "another read");
  reader.feedData(encode("web's"));
  assertEquals(decode((await reading).value ?? new Uint8Array(0)), "web's");
});

for (const mode of ["default", "byob"]) {
  Deno.test(`A ${mode} reader makes up no bytes when a method takes them in the turn they arrive`, async () => {
    for (let microtasks = 0; microtasks < 10; microtasks++) {
      const reader = new StreamReader();
      const web = mode === "byob"
        ? reader.readable.getReader({ mode: "byob" })
        : reader.readable.getReader();
      const reading = web.read(new Uint8Array(5));
      await turn();
      reader.feedData(encode("first"));
      for (let i = 0; i < microtasks; i++) await null;
      // Gets the bytes, or an error, or has to wait: it is a concurrent read.
      const taking = reader.read(5).then(decode, () => "");
      await turn();
      reader.feedData(encode("other"));
      reader.feedEof();
      const { value } = await reading;
      assert(value);
      assertEquals([decode(value), await taking].sort().join(""), "firstother");
    }
  });
}

Deno.test("ReadableStreamBYOBReader.read() with min waits no longer when a method took bytes in the turn they came", async () => {
  for (let microtasks = 0; microtasks < 4; microtasks++) {
    const reader = new StreamReader();
    let length: number | undefined;
    const web = reader.readable.getReader({ mode: "byob" });
    const reading = web.read(new Uint8Array(10), { min: 6 });
    void reading.then(({ value }) => length = value?.length);
    await turn();
    reader.feedData(encode("before"));
    for (let i = 0; i < microtasks; i++) await null;
    // Takes three of these bytes, or of the next ones.
    const taking = reader.read(3);
    await turn();
    reader.feedData(encode("now"));
    await turn();
    assertEquals([length, (await taking).length], [6, 3]);
  }
});

Deno.test("ReadableStream and its readers list no properties of their own", () => {
  const { readable } = new StreamReader();
  const made = [readable, readable.getReader()];
  for (const one of made) {
    assertEquals([Object.keys(one), JSON.stringify(one)], [[], "{}"]);
  }
  assertEquals(Object.keys(new StreamReader().readable.getReader({ mode: "byob" })), []);
});

Deno.test("ReadableStream can be moved to another realm, and gives every byte there", async () => {
  const { port1, port2 } = new MessageChannel();
  const received = new Promise<ReadableStream<Uint8Array>>((resolve) => {
    port2.onmessage = ({ data }) => resolve(data);
  });
  const { readable } = ended("moved ", "away");
  port1.postMessage(readable, [readable]);
  assertEquals(decode(await toBytes(await received)), "moved away");
  port1.close();
  port2.close();
});
