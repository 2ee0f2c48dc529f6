// The stand-in must do as the real package does: each case runs against both where JSR answers.
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as std from "@std/streams";

import * as standIn from "../../../tools/stand_ins/@std/streams/1.1.2/mod.ts";

/** The classes keep their state in #fields, so only their shape can be common to both. */
interface Subject extends Omit<typeof standIn, "DelimiterStream" | "TextLineStream"> {
  DelimiterStream: new (
    delimiter: Uint8Array,
    options?: standIn.DelimiterStreamOptions,
  ) => TransformStream<Uint8Array, Uint8Array>;
  TextLineStream: new (options?: standIn.TextLineStreamOptions) => TransformStream<string, string>;
}

const SUBJECTS: [string, Subject][] = [["stand-in", standIn], ["imported", std]];

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A text whole, in single characters, and cut once at each place. */
function cuts(text: string): string[][] {
  const once = Array.from(text, (_, at) => [text.slice(0, at), text.slice(at)]);
  return [[text], [...text], ...once.map((parts) => parts.filter((part) => part !== ""))];
}

const LINES: { text: string; allowCR?: boolean; lines: string[] }[] = [
  { text: "", lines: [] },
  { text: "\n", lines: [""] },
  { text: "a\nb\r\nc", lines: ["a", "b", "c"] },
  { text: "a\n\nb\n", lines: ["a", "", "b"] },
  { text: "a\rb\r\r\nc\r", lines: ["a\rb\r", "c\r"] },
  { text: "a\rb\r\r\nc\r", allowCR: true, lines: ["a", "b", "", "c"] },
  { text: "\r\n\r\n\r\r", allowCR: true, lines: ["", "", "", ""] },
  { text: "a\r\nb\nc\rd", allowCR: true, lines: ["a", "b", "c", "d"] },
];

const FRAMES: {
  text: string;
  delimiter: string;
  disposition?: "suffix" | "prefix" | "discard";
  frames: string[];
}[] = [
  { text: "a,b,c", delimiter: ",", frames: ["a", "b", "c"] },
  { text: ",a,,b,", delimiter: ",", frames: ["", "a", "", "b", ""] },
  { text: "a,,b", delimiter: ",", disposition: "suffix", frames: ["a,", ",", "b"] },
  { text: "a,b,c", delimiter: ",", disposition: "prefix", frames: ["a", ",b", ",c"] },
  { text: "a\r\nb\rc\r\n", delimiter: "\r\n", frames: ["a", "b\rc", ""] },
  { text: "a--b--c", delimiter: "--", disposition: "suffix", frames: ["a--", "b--", "c"] },
  { text: "a--b--c", delimiter: "--", disposition: "prefix", frames: ["a", "--b", "--c"] },
];

for (const [origin, subject] of SUBJECTS) {
  const { concatReadableStreams, DelimiterStream, mergeReadableStreams, TextLineStream } = subject;
  const { toArrayBuffer, toBytes, toJson, toText } = subject;

  for (const { text, allowCR, lines } of LINES) {
    const name = `${JSON.stringify(text)}${allowCR ? " with allowCR" : ""}`;
    Deno.test(`TextLineStream() (${origin}) finds the lines of ${name} however it is cut`, async () => {
      for (const parts of cuts(text)) {
        const options = allowCR === undefined ? {} : { allowCR };
        const stream = ReadableStream.from(parts).pipeThrough(new TextLineStream(options));
        assertEquals(await Array.fromAsync(stream), lines, JSON.stringify(parts));
      }
    });
  }

  for (const { text, delimiter, disposition, frames } of FRAMES) {
    const name = `${JSON.stringify(text)} at ${JSON.stringify(delimiter)} (${disposition})`;
    Deno.test(`DelimiterStream() (${origin}) cuts ${name} however it comes`, async () => {
      for (const parts of cuts(text)) {
        const options = disposition === undefined ? {} : { disposition };
        const stream = ReadableStream.from(parts.map(encode))
          .pipeThrough(new DelimiterStream(encode(delimiter), options));
        const found = await Array.fromAsync(stream, (frame) => new TextDecoder().decode(frame));
        assertEquals(found, frames, JSON.stringify(parts));
      }
    });
  }

  Deno.test(`DelimiterStream() (${origin}) finds a delimiter that overlaps itself`, async () => {
    const stream = ReadableStream.from([encode("aaabaab"), encode("c")])
      .pipeThrough(new DelimiterStream(encode("aab")));
    const found = await Array.fromAsync(stream, (frame) => new TextDecoder().decode(frame));
    assertEquals(found, ["a", "", "c"]);
  });

  Deno.test(`toText() (${origin}) joins strings, and bytes that part a character`, async () => {
    assertEquals(await toText(ReadableStream.from(["a", "b"])), "ab");
    const bytes = encode("a€b");
    const parts = [bytes.subarray(0, 2), bytes.subarray(2)];
    assertEquals(await toText(ReadableStream.from(parts)), "a€b");
  });

  Deno.test(`toJson() (${origin}) parses what the chunks make together`, async () => {
    assertEquals(await toJson(ReadableStream.from(['{"a"', ":1}"])), { a: 1 });
    await assertRejects(() => toJson(ReadableStream.from(["{"])), SyntaxError);
  });

  Deno.test(`toBytes() (${origin}) joins the chunks`, async () => {
    assertEquals(await toBytes(ReadableStream.from([encode("a"), encode("bc")])), encode("abc"));
    assertEquals(await toBytes(ReadableStream.from<Uint8Array>([])), new Uint8Array());
  });

  Deno.test(`toArrayBuffer() (${origin}) joins the chunks`, async () => {
    const buffer = await toArrayBuffer(ReadableStream.from([encode("a"), encode("bc")]));
    assertInstanceOf(buffer, ArrayBuffer);
    assertEquals(new Uint8Array(buffer), encode("abc"));
  });

  Deno.test(`mergeReadableStreams() (${origin}) gives all chunks of all streams`, async () => {
    const merged = mergeReadableStreams(ReadableStream.from([1, 3]), ReadableStream.from([2]));
    assertEquals((await Array.fromAsync(merged)).toSorted(), [1, 2, 3]);
  });

  Deno.test(`mergeReadableStreams() (${origin}) fails with the first that fails`, async () => {
    const broken = new ReadableStream<number>({
      start(controller): void {
        controller.error(new RangeError("broken"));
      },
    });
    const merged = mergeReadableStreams(ReadableStream.from([1]), broken);
    await assertRejects(() => Array.fromAsync(merged), RangeError);
  });

  Deno.test(`concatReadableStreams() (${origin}) gives one stream after the other`, async () => {
    const streams = [[1, 2], [], [3]].map((numbers) => ReadableStream.from(numbers));
    assertEquals(await Array.fromAsync(concatReadableStreams(...streams)), [1, 2, 3]);
  });

  Deno.test(`concatReadableStreams() (${origin}) cancels all of them`, async () => {
    const cancelled: unknown[] = [];
    const streams = [1, 2].map(() =>
      new ReadableStream({ cancel: (why) => void cancelled.push(why) })
    );
    await concatReadableStreams(...streams).cancel("enough");
    assertEquals(cancelled, ["enough", "enough"]);
  });
}

Deno.test("TextLineStream() joins a line of 200,000 pieces", async () => {
  const pieces = Array.from({ length: 200_000 }, () => "abcdefgh");
  const stream = ReadableStream.from([...pieces, "\n"]).pipeThrough(new standIn.TextLineStream());
  // Were the pieces joined one by one, this would take minutes.
  assertEquals((await Array.fromAsync(stream)).map((line) => line.length), [1_600_000]);
});

Deno.test("DelimiterStream() cuts as version 1.1.2 when a delimiter comes in more than two pieces", async () => {
  const stream = ReadableStream.from([..."a-|-b"].map(encode))
    .pipeThrough(new standIn.DelimiterStream(encode("-|-")));
  const found = await Array.fromAsync(stream, (frame) => new TextDecoder().decode(frame));
  assertEquals(found, ["a-", "b"]);
});

for (const [origin, subject] of SUBJECTS) {
  const { concatReadableStreams, mergeReadableStreams, toArrayBuffer, toBytes, toText } = subject;

  Deno.test(`toText(), toBytes(), toArrayBuffer() (${origin}) leave the stream locked`, async () => {
    for (const collect of [toText, toBytes, toArrayBuffer]) {
      const stream = new Blob(["data"]).stream();
      await collect(stream);
      assert(stream.locked);
    }
  });

  Deno.test(`toBytes() (${origin}) throws for a locked stream, where toText() rejects`, async () => {
    const stream = new Blob(["data"]).stream();
    const reader = stream.getReader();
    assertThrows(() => toBytes(stream), TypeError);
    await assertRejects(() => toText(stream), TypeError);
    await reader.cancel();
  });

  Deno.test(`concatReadableStreams() (${origin}) leaves streams that have ended locked`, async () => {
    const streams = [new Blob(["a"]).stream(), new Blob(["b"]).stream()] as const;
    assertEquals(await new Response(concatReadableStreams(...streams)).text(), "ab");
    assertEquals(streams.map(({ locked }) => locked), [true, true]);
  });

  Deno.test(`concatReadableStreams() (${origin}) of nothing fails`, async () => {
    await assertRejects(() => Array.fromAsync(concatReadableStreams()), TypeError);
  });

  Deno.test(`mergeReadableStreams() (${origin}) that was cancelled fails nowhere`, async () => {
    const ends: (() => void)[] = [];
    const source = (): ReadableStream<string> =>
      new ReadableStream({ start: (controller) => void ends.push(() => controller.close()) });
    const merged = mergeReadableStreams(source(), source());
    await merged.cancel();
    for (const end of ends) end();
    // An unhandled rejection would end the test run.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(!merged.locked);
  });
}

Deno.test("each module of the stand-in can be imported by its own path", async () => {
  assertEquals((await import("@std/streams/to-text")).toText, std.toText);
  assertEquals((await import("@std/streams/to-json")).toJson, std.toJson);
  assertEquals((await import("@std/streams/to-bytes")).toBytes, std.toBytes);
  assertEquals((await import("@std/streams/to-array-buffer")).toArrayBuffer, std.toArrayBuffer);
  assertEquals((await import("@std/streams/text-line-stream")).TextLineStream, std.TextLineStream);
  assertEquals(
    (await import("@std/streams/delimiter-stream")).DelimiterStream,
    std.DelimiterStream,
  );
  assertEquals(
    (await import("@std/streams/merge-readable-streams")).mergeReadableStreams,
    std.mergeReadableStreams,
  );
  assertEquals(
    (await import("@std/streams/concat-readable-streams")).concatReadableStreams,
    std.concatReadableStreams,
  );
});
