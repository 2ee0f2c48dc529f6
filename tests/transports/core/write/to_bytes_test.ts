import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { toBytes } from "../../../../transports/core/write/to_bytes.ts";

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
    [[1], "a value of type Array"],
    [new ArrayBuffer(1), "a value of type ArrayBuffer"],
    [Object.create(null), "a value of type object"],
    [Promise.resolve("late"), "a value of type Promise"],
  ];
  for (const [value, shown] of wrong) {
    assertThrows(
      () => toBytes(value as string),
      TypeError,
      `Cannot write ${shown}: it is neither a Uint8Array nor a string`,
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
