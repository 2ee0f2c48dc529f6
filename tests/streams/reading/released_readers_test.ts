import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { turn } from "../../support/time/event_loop.ts";
import { decode, encode } from "../../support/text.ts";

/** A reader that is released while its read waits: the next reader gets every byte. */

interface Pending {
  /** Releases the lock. */
  release(): void;
  /** The read; rejects when the lock is released. */
  readonly reading: Promise<unknown>;
}

type Byob = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

function byob(
  view: Byob,
  min?: number,
  open = (readable: ReadableStream<Uint8Array>) => readable.getReader({ mode: "byob" }),
): (readable: ReadableStream<Uint8Array>) => Pending {
  return (readable) => {
    const web = open(readable);
    const reading = web.read(view.slice(), min === undefined ? {} : { min });
    return { reading, release: () => web.releaseLock() };
  };
}

/** A reader that only the platform knows of. */
const native = (readable: ReadableStream<Uint8Array>) =>
  new ReadableStreamBYOBReader(readable as ReadableStream<Uint8Array<ArrayBuffer>>);

/** Ways to wait on the Web face that are not satisfied by three bytes, or by none. */
const PENDING: [string, string, (readable: ReadableStream<Uint8Array>) => Pending][] = [
  ["a default reader", "", (readable) => {
    const web = readable.getReader();
    return { reading: web.read(), release: () => web.releaseLock() };
  }],
  ["two reads of a default reader", "", (readable) => {
    const web = readable.getReader();
    void web.read().catch(() => {});
    return { reading: web.read(), release: () => web.releaseLock() };
  }],
  ["a BYOB reader", "", byob(new Uint8Array(100))],
  ["a BYOB reader with min", "abc", byob(new Uint8Array(100), 50)],
  ["a BYOB reader of Uint32Array", "abc", byob(new Uint32Array(2))],
  ["a BYOB reader of the platform", "", byob(new Uint8Array(100), undefined, native)],
  ["a BYOB reader of the platform with min", "", byob(new Uint8Array(100), 50, native)],
  ["a small BYOB reader of the platform", "", byob(new Uint8Array(2), undefined, native)],
  ["a default reader of the platform", "", (readable) => {
    const web = new ReadableStreamDefaultReader(readable);
    return { reading: web.read(), release: () => web.releaseLock() };
  }],
  ["a pipe", "", (readable) => {
    const controller = new AbortController();
    const reading = readable.pipeTo(new WritableStream(), {
      signal: controller.signal,
      preventCancel: true,
    });
    return { reading, release: () => controller.abort() };
  }],
];

/** Ways to read on, each of at least one byte. */
const NEXT: [string, (reader: StreamReader) => Promise<Uint8Array | undefined>][] = [
  ["StreamReader.read()", (reader) => reader.read(4)],
  ["a default reader", async ({ readable }) => {
    const web = readable.getReader();
    const { value } = await web.read();
    web.releaseLock();
    return value;
  }],
  ["a BYOB reader of the platform", async ({ readable }) => {
    const web = native(readable);
    const { value } = await web.read(new Uint8Array(5));
    web.releaseLock();
    return value;
  }],
  ["a BYOB reader of the platform with min", async ({ readable }) => {
    const web = native(readable);
    const { value } = await web.read(new Uint8Array(5), { min: 4 });
    web.releaseLock();
    return value;
  }],
  ["a default reader of the platform", async ({ readable }) => {
    const web = new ReadableStreamDefaultReader(readable);
    const { value } = await web.read();
    web.releaseLock();
    return value;
  }],
  ["for await", async ({ readable }) => {
    for await (const value of readable.values({ preventCancel: true })) return value;
    return undefined;
  }],
  ["a small BYOB reader", async ({ readable }) => {
    const web = readable.getReader({ mode: "byob" });
    const { value } = await web.read(new Uint8Array(2));
    web.releaseLock();
    return value;
  }],
  ["a BYOB reader with min", async ({ readable }) => {
    const web = readable.getReader({ mode: "byob" });
    const { value } = await web.read(new Uint8Array(5), { min: 4 });
    web.releaseLock();
    return value;
  }],
];

for (const [first, before, wait] of PENDING) {
  for (const [second, read] of NEXT) {
    // The platform's pipe gives its lock up when it has rejected.
    for (
      const moment of first === "a pipe" ? ["a later turn"] : ["the same turn", "a later turn"]
    ) {
      Deno.test(`${second} gets every byte after ${first} was released in ${moment}`, async () => {
        const reader = new StreamReader();
        const { reading, release } = wait(reader.readable);
        if (before) reader.feedData(encode(before));
        await turn();
        release();
        const rejected = assertRejects(() => reading);
        if (moment === "a later turn") await rejected.then(turn);
        const next = read(reader);
        reader.feedData(encode("0123456789"));
        const parts = [await next];
        reader.feedEof();
        await rejected;
        // In each way by turns, so that nothing may hide from one of them.
        for (const [, read] of NEXT) parts.push(await read(reader));
        parts.push(await reader.read());
        const text = parts.map((part) => part && decode(part)).join("");
        assertEquals(text, before + "0123456789");
      });
    }
  }
}

Deno.test("Readers that are released one after the other leave the bytes to the last", async () => {
  const reader = new StreamReader();
  for (let i = 0; i < 3; i++) {
    for (const [, , wait] of PENDING) {
      const { reading, release } = wait(reader.readable);
      const rejected = assertRejects(() => reading);
      if (i === 1) await turn();
      release();
      await rejected;
      if (i === 2) await turn();
    }
  }
  const web = reader.readable.getReader({ mode: "byob" });
  const reading = web.read(new Uint8Array(3));
  reader.feedData(encode("012345"));
  assertEquals(decode((await reading).value ?? new Uint8Array(0)), "012");
  web.releaseLock();
  assertEquals(decode(await reader.read(9)), "345");
});

Deno.test("A reader that took the lock and did not read keeps no bytes", async () => {
  const reader = new StreamReader();
  const first = reader.readable.getReader();
  const rejected = assertRejects(() => first.read());
  await turn();
  first.releaseLock();
  await rejected;
  const second = reader.readable.getReader();
  reader.feedData(encode("data"));
  await turn();
  second.releaseLock();
  assertEquals(decode(await reader.read(9)), "data");
});

Deno.test("StreamReader.read() after a released reader rejects a second read in the same turn", async () => {
  const reader = new StreamReader();
  const web = reader.readable.getReader();
  const rejected = assertRejects(() => web.read());
  await turn();
  web.releaseLock();
  const first = reader.read(1);
  await assertRejects(() => reader.read(1), InvalidStateError, "another read");
  reader.feedData(encode("x"));
  assertEquals(decode(await first), "x");
  await rejected;
});

Deno.test("A reader that was released sees the end and the failure through the next one", async () => {
  for (const end of ["eof", "failure"]) {
    const reader = new StreamReader();
    const first = reader.readable.getReader({ mode: "byob" });
    const rejected = assertRejects(() => first.read(new Uint8Array(9)));
    await turn();
    first.releaseLock();
    await rejected;
    const second = reader.readable.getReader({ mode: "byob" });
    const reading = second.read(new Uint8Array(4));
    if (end === "eof") {
      reader.feedEof();
      assertEquals((await reading).done, true);
    } else {
      reader.setException(new Error("Broken"));
      await assertRejects(() => reading, Error, "Broken");
    }
    assert(reader.readable.locked);
  }
});

for (const [second, read] of NEXT.slice(1)) {
  Deno.test(`${second} gets the part that a BYOB reader of the platform with min had`, async () => {
    const reader = new StreamReader();
    const web = native(reader.readable);
    const rejected = assertRejects(() => web.read(new Uint8Array(100), { min: 50 }));
    reader.feedData(encode("abc"));
    await turn();
    web.releaseLock();
    await rejected;
    const next = read(reader);
    reader.feedData(encode("0123456789"));
    const parts = [await next];
    reader.feedEof();
    const rest = reader.readable.getReader();
    for (let step = await rest.read(); !step.done; step = await rest.read()) parts.push(step.value);
    assertEquals(parts.map((part) => part && decode(part)).join(""), "abc0123456789");
  });
}
