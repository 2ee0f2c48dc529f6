import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { joinTexts, toBytes, toPieces } from "../../../../transports/core/write/to_bytes.ts";

Deno.test("toBytes() gives bytes as they are and strings as UTF-8", () => {
  const bytes = new Uint8Array([1, 2]);
  assertStrictEquals(toBytes(bytes), bytes);
  assertEquals(toBytes("é"), new Uint8Array([0xc3, 0xa9]));
  assertEquals(toBytes("").length, 0);
});

Deno.test("toBytes() throws TypeError that tells what it was given", () => {
  const wrong: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [7, "7"],
    [[1], "a list"],
    [new ArrayBuffer(1), "of class ArrayBuffer"],
    [Object.create(null), "an object"],
    [Promise.resolve("late"), "of class Promise"],
  ];
  for (const [value, shown] of wrong) {
    assertThrows(
      () => toBytes(value as string),
      TypeError,
      `Cannot write data ${shown}: it is neither a Uint8Array nor a string`,
    );
  }
});

Deno.test("toBytes() asks for an await when it is given a promise", () => {
  assertThrows(
    () => toBytes(Promise.resolve("late") as unknown as string),
    TypeError,
    "; is an await missing?",
  );
});

Deno.test("toBytes() copies memory that may change or shrink, and refuses what is gone", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  const growing = new Uint8Array(new ArrayBuffer(2, { maxByteLength: 4 }));
  for (const memory of [shared, growing]) {
    const bytes = toBytes(memory);
    memory.fill(1);
    assertEquals([...bytes], [0, 0]);
  }
  const gone = new Uint8Array(2);
  gone.buffer.transfer();
  assertThrows(() => toBytes(gone), TypeError, "memory was transferred away");
});

Deno.test("toPieces() takes arrays as they are and copies what any other iterable gives", () => {
  const [one, two] = [new Uint8Array([1]), new Uint8Array([2])];
  assertEquals(toPieces([one, "", two]).map((piece) => [piece === one, piece === two]), [
    [true, false],
    [false, true],
  ]);
  const copies = toPieces(new Set([one, two]));
  one.fill(9);
  assertEquals(copies.map((piece) => [...piece]), [[1], [2]]);
  assertEquals(toPieces(["a", ""].values()), [new Uint8Array([97])]);
});

Deno.test("toPieces() names the remedy for a value that is not an iterable of parts", async () => {
  async function* later(): AsyncGenerator<string> {
    yield await Promise.resolve("x");
  }
  const stream = new Blob(["x"]).stream();
  const cases: [unknown, string][] = [
    [5, "Cannot write parts 5: not an iterable"],
    [null, "Cannot write parts null"],
    [Promise.resolve([]), "; is an await missing?"],
    [later(), "; write() each part as it comes"],
    [stream, "; write() each part as it comes"],
    [new Uint8Array(1), "; pass it to write()"],
  ];
  for (const [value, message] of cases) {
    assertThrows(() => toPieces(value as string[]), TypeError, message);
  }
  await stream.cancel();
});

Deno.test("joinTexts() makes strings that follow one another one, and leaves bytes as they are", () => {
  const bytes = new Uint8Array([1]);
  assertEquals(joinTexts(["a", "b", bytes, bytes, "c"]), ["ab", bytes, bytes, "c"]);
  assertEquals(joinTexts([bytes, "a", "b"]), [bytes, "ab"]);
  assertEquals(joinTexts(["a"]), ["a"]);
  assertEquals(joinTexts([]), []);
});
