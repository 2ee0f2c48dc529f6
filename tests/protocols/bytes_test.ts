import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { checkBytes, copyOf, joinBytes, ownedBytes } from "../../protocols/bytes.ts";

/** Views of three bytes, 1 to 3, over all kinds of memory. */
function views(): Record<string, Uint8Array> {
  const made: Record<string, Uint8Array> = {
    "a Uint8Array": new Uint8Array(3),
    "a part of one": new Uint8Array(10).subarray(4, 7),
    "a Buffer of the pool": Buffer.from([0, 0, 0]),
    "a Buffer of its own": Buffer.alloc(3),
    "shared memory": new Uint8Array(new SharedArrayBuffer(3)),
    "memory that can grow": new Uint8Array(new ArrayBuffer(3, { maxByteLength: 9 })),
    "memory of WebAssembly": new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 9, 3),
  };
  for (const view of Object.values(made)) view.set([1, 2, 3]);
  return made;
}

Deno.test("copyOf() copies bytes of any buffer, and does not change them", () => {
  for (const [what, view] of Object.entries(views())) {
    const copy = copyOf(view);
    assertEquals([[...copy], copy.byteOffset, copy.buffer.byteLength], [[1, 2, 3], 0, 3], what);
    assertEquals([copy.constructor, copy.buffer.constructor], [Uint8Array, ArrayBuffer], what);
    copy.fill(0);
    copy.buffer.transfer();
    assertEquals([...view], [1, 2, 3], what);
    assertEquals([...copyOf(view, 1)], [2, 3], what);
    assertEquals([...copyOf(view, 1, 2)], [2], what);
    assertEquals([...copyOf(view, 2, 99)], [3], what);
    assertEquals([...copyOf(view, 7)], [], what);
  }
});

Deno.test("ownedBytes() copies all but bytes that own an ordinary buffer", () => {
  for (const [what, view] of Object.entries(views())) {
    const owned = ownedBytes(view);
    assertEquals([[...owned], owned.constructor], [[1, 2, 3], Uint8Array], what);
    assertEquals([owned.byteOffset, owned.buffer.byteLength], [0, 3], what);
    assertEquals(owned === view, what === "a Uint8Array", what);
    owned.buffer.transfer();
    assertEquals(view.length, what === "a Uint8Array" ? 0 : 3, what);
  }
});

Deno.test("joinBytes() joins in order, and does not copy a single part", () => {
  const one = Uint8Array.of(1);
  assertStrictEquals(joinBytes([one]), one);
  assertEquals(joinBytes([one, new Uint8Array(0), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3));
  assertEquals(joinBytes([]).length, 0);
  assertNotStrictEquals(joinBytes([]).buffer, joinBytes([]).buffer);
});

Deno.test("checkBytes() names the value that it refuses, and the remedy", () => {
  const gone = new Uint8Array(1);
  gone.buffer.transfer();
  const cases: [unknown, string][] = [
    [5, "Cannot send data 5: it is not a Uint8Array"],
    [undefined, "Cannot send data undefined: it is not a Uint8Array"],
    [
      new ArrayBuffer(1),
      "of class ArrayBuffer: it is not a Uint8Array; pass new Uint8Array",
    ],
    [
      new Uint16Array(1),
      "of class Uint16Array: it is not a Uint8Array; pass new Uint8Array(view.buffer",
    ],
    [Promise.resolve(), "of class Promise: it is not a Uint8Array; is an await missing?"],
    [gone, "Cannot send a Uint8Array whose memory was transferred away"],
  ];
  for (const [value, message] of cases) {
    assertThrows(() => checkBytes(value, "send"), TypeError, message);
  }
  checkBytes(new Uint8Array(0), "send");
});
