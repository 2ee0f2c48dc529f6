import type { Bytes } from "@sluice/net";
import { ReceiveBuffer } from "@sluice/net/protocols";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { Random } from "../../../testing/conformance/random.ts";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

/** A buffer with these chunks, none of which shares memory with another. */
function bufferOf(...chunks: string[]): ReceiveBuffer {
  const buffer = new ReceiveBuffer();
  for (const chunk of chunks) buffer.append(encode(chunk));
  return buffer;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Where a chunk lies: its offset, and how many bytes of its buffer are not its own. */
function slack({ byteOffset, length, buffer }: Uint8Array): number[] {
  return [byteOffset, buffer.byteLength - length];
}

Deno.test("ReceiveBuffer hands out bytes with a buffer of their own, however they are taken", () => {
  const into = new Uint8Array(700);
  const takes: Record<string, (buffer: ReceiveBuffer) => Bytes> = {
    "take() of the start of a chunk": (buffer) => buffer.take(100),
    "take() of all of a chunk": (buffer) => buffer.take(600),
    "take() of more than a chunk": (buffer) => buffer.take(700),
    "take() of nothing": (buffer) => buffer.take(0),
    "takeChunk()": (buffer) => buffer.takeChunk(),
    "takeChunk() with a limit": (buffer) => buffer.takeChunk(10),
    "takeAll()": (buffer) => buffer.takeAll(),
    "peek()": (buffer) => buffer.peek(600),
    "takeInto()": (buffer) => into.subarray(0, buffer.takeInto(into)).slice(),
  };
  for (const [what, takeSome] of Object.entries(takes)) {
    const buffer = new ReceiveBuffer();
    for (const fill of [1, 2, 3]) buffer.append(new Uint8Array(600).fill(fill));
    const taken = takeSome(buffer);
    assertEquals(slack(taken), [0, 0], what);
    structuredClone(taken, { transfer: [taken.buffer] });
    const rest = buffer.takeAll();
    assertEquals(rest.at(-1), what === "takeAll()" ? undefined : 3, what);
    assertEquals(slack(rest), [0, 0], what);
  }
});

Deno.test("ReceiveBuffer.takeAll() after small chunks owns its buffer", () => {
  const buffer = bufferOf("first", "second", "third");
  buffer.skip(2);
  assertEquals(slack(buffer.takeAll()), [0, 0]);
});

Deno.test("ReceiveBuffer.take() hands a whole chunk on without copying it", () => {
  const buffer = new ReceiveBuffer();
  const chunk = hex("01020304");
  buffer.append(chunk);
  assertStrictEquals(buffer.take(4).buffer, chunk.buffer);
  assertEquals([buffer.length, buffer.position], [0, 4]);
});

Deno.test("ReceiveBuffer.append() takes any view: of a Buffer, of shared or of growing memory", () => {
  const memories: Record<string, Uint8Array> = {
    "a Buffer": Buffer.from("abcd"),
    "shared memory": new Uint8Array(new SharedArrayBuffer(4)).map((_, i) => 97 + i),
    "a view that follows its buffer": new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))
      .map((_, i) => 97 + i),
  };
  for (const [what, memory] of Object.entries(memories)) {
    const buffer = new ReceiveBuffer();
    buffer.append(memory as Bytes);
    const taken = buffer.takeAll();
    assertEquals(
      [text(taken), taken.constructor, ...slack(taken)],
      ["abcd", Uint8Array, 0, 0],
      what,
    );
  }
});

Deno.test("ReceiveBuffer.append() refuses values that are not a Uint8Array, and detached memory", () => {
  const buffer = new ReceiveBuffer();
  const gone = new Uint8Array(3);
  gone.buffer.transfer();
  for (const value of [gone, new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), 5, null, "a"]) {
    assertThrows(() => buffer.append(value as Bytes), TypeError, "Cannot append");
  }
  assertEquals(buffer.length, 0);
});

Deno.test("ReceiveBuffer throws, and does not loop, when memory it holds was detached", () => {
  const uses: Record<string, (buffer: ReceiveBuffer) => unknown> = {
    take: (buffer) => buffer.take(700),
    peek: (buffer) => buffer.peek(601),
    takeAll: (buffer) => buffer.takeAll(),
    takeInto: (buffer) => buffer.takeInto(new Uint8Array(5000)),
    takeText: (buffer) => buffer.takeText(700),
    skip: (buffer) => buffer.skip(1300),
    byteAt: (buffer) => buffer.byteAt(700),
    uintAt: (buffer) => buffer.uintAt(700, 4),
    indexOf: (buffer) => buffer.indexOf(7),
  };
  for (const [what, use] of Object.entries(uses)) {
    for (const lost of what === "skip" ? [1] : [0, 1]) {
      if (lost === 0 && /At$/.test(what)) continue;
      const buffer = new ReceiveBuffer();
      const chunks = [1, 2, 3].map((fill) => new Uint8Array(600).fill(fill));
      for (const chunk of chunks) buffer.append(chunk);
      chunks[lost]?.buffer.transfer();
      assertThrows(() => use(buffer), TypeError, "was transferred away", `${what}, chunk ${lost}`);
      buffer.clear();
      buffer.append(encode("more"));
      assertEquals(text(buffer.takeAll()), "more");
    }
  }
});

Deno.test("ReceiveBuffer.take() joins what spans chunks", () => {
  const buffer = new ReceiveBuffer();
  const chunks = [1, 2, 3].map((fill) => new Uint8Array(600).fill(fill));
  for (const chunk of chunks) buffer.append(chunk);
  buffer.skip(599);
  assertEquals(buffer.take(602), new Uint8Array([1, ...new Uint8Array(600).fill(2), 3]));
  assertEquals(buffer.length, 599);
});

Deno.test("ReceiveBuffer.append() gathers small chunks in memory of its own", () => {
  const buffer = bufferOf("a", "b");
  const piece = encode("c");
  buffer.append(piece);
  piece[0] = 0;
  assertEquals(text(buffer.takeAll()), "abc");
});

Deno.test("ReceiveBuffer.append() does not change bytes that were taken", () => {
  const buffer = bufferOf("a", "bc");
  buffer.skip(1);
  const taken = buffer.take(1);
  buffer.append(encode("defgh"));
  taken.fill(0);
  assertEquals(text(buffer.takeAll()), "cdefgh");
  assertEquals(taken, hex("00"));
});

Deno.test("ReceiveBuffer.append() ignores an empty chunk", () => {
  const buffer = bufferOf("", "a", "");
  assertEquals(buffer.length, 1);
  assertEquals(text(buffer.takeAll()), "a");
  assertEquals(buffer.takeAll().length, 0);
});

Deno.test("ReceiveBuffer rejects invalid counts, and consumes nothing", () => {
  const buffer = bufferOf("abc");
  for (const n of [-1, 4, NaN]) {
    assertThrows(() => buffer.take(n), RangeError, "3 are held");
    assertThrows(() => buffer.peek(n), RangeError, "3 are held");
    assertThrows(() => buffer.skip(n), RangeError, "3 are held");
    assertThrows(() => buffer.takeText(n), RangeError, "3 are held");
  }
  assertThrows(() => buffer.indexOf(new Uint8Array(0)), RangeError, "empty");
  assertEquals(text(buffer.takeAll()), "abc");
});

Deno.test("ReceiveBuffer.takeText() decodes what lies in one chunk and what spans several", () => {
  const whole = "plain, ž, 水, 🌍, \ufeff, \ufffd; ".repeat(300);
  const bytes = encode(whole);
  for (const size of [1, 2, 3, 700, 5000, bytes.length]) {
    const buffer = new ReceiveBuffer();
    for (const piece of new Random(size).split(bytes, size, size)) buffer.append(piece.slice());
    let taken = "";
    while (buffer.length > 0) {
      let n = Math.min(buffer.length, 20);
      // Not in the middle of a character.
      while (((buffer.byteAt(n) ?? 0) & 0xc0) === 0x80) n++;
      taken += buffer.takeText(n);
    }
    assertStrictEquals(taken, whole);
  }
});

Deno.test("ReceiveBuffer.takeText() rejects bytes that are not UTF-8, and keeps them", () => {
  for (const bad of ["ff", "c328", "80", "eda080", "f0288cbc", "c0af"]) {
    const buffer = new ReceiveBuffer();
    const bytes = hex(bad);
    buffer.append(new Uint8Array([65, ...bytes, 66]));
    assertEquals(buffer.takeText(1), "A");
    assertThrows(() => buffer.takeText(bytes.length), TypeError);
    assertEquals(buffer.take(bytes.length), bytes);
    assertEquals(buffer.takeText(1), "B");
  }
});

Deno.test("ReceiveBuffer.takeText() decodes a chunk that grew since the last text", () => {
  const buffer = bufferOf("a", "b");
  assertEquals(buffer.takeText(1), "a");
  buffer.append(encode("cd"));
  assertEquals(buffer.takeText(2), "bc");
  buffer.append(encode("ef"));
  assertEquals(buffer.takeText(3), "def");
});

Deno.test("ReceiveBuffer keeps its position after dropping many chunks", () => {
  const buffer = new ReceiveBuffer();
  for (let i = 0; i < 200; i++) buffer.append(new Uint8Array(600).fill(i));
  assertEquals(buffer.indexOf(170), 170 * 600);
  for (let i = 0; i < 150; i++) assertEquals(buffer.take(600), new Uint8Array(600).fill(i));
  assertEquals(buffer.indexOf(170), 20 * 600);
  assertEquals(buffer.byteAt(19 * 600 + 1), 169);
  assertEquals(buffer.indexOf(199), 49 * 600);
});

Deno.test("ReceiveBuffer.peekAscii() gives what is ASCII at the start, and consumes nothing", () => {
  const buffer = new ReceiveBuffer();
  assertEquals(buffer.peekAscii(), "");
  buffer.append(encode("plain text\u007f\0žand more"));
  assertEquals(buffer.peekAscii(), "plain text\u007f\0");
  assertEquals(buffer.takeText(6), "plain ");
  assertEquals(buffer.peekAscii(), "text\u007f\0");
  buffer.skip(6);
  assertEquals(buffer.peekAscii(), "");
  assertEquals(buffer.takeText(2), "ž");
  assertEquals(buffer.takeText(2), "an");
  assertEquals(buffer.peekAscii().length <= 6, true);
  buffer.skip(buffer.length);
  buffer.append(hex("80 61"));
  assertEquals(buffer.peekAscii(), "");
});

Deno.test("ReceiveBuffer.peekAscii() gives no more than lies in one piece of memory", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(new Uint8Array(600).fill(97));
  buffer.append(new Uint8Array(600).fill(98));
  assertEquals(buffer.peekAscii(), "a".repeat(600));
  buffer.skip(600);
  assertEquals(buffer.peekAscii(), "b".repeat(600));
});

Deno.test("ReceiveBuffer.uintAt() reads numbers in either order, also across chunks", () => {
  const buffer = new ReceiveBuffer();
  for (const byte of hex("01 02 03")) buffer.append(new Uint8Array(600).fill(byte));
  assertEquals(buffer.uintAt(0, 1), 1);
  assertEquals(buffer.uintAt(598, 4), 0x01010202);
  assertEquals(buffer.uintAt(598, 4, true), 0x02020101);
  assertEquals(buffer.uintAt(1199, 2), 0x0203);
  assertEquals(buffer.uintAt(1796, 4), 0x03030303);
  assertEquals(buffer.uintAt(1797, 4), undefined);
  assertEquals(buffer.uintAt(-1, 2), undefined);
  assertEquals(buffer.uintAt(0, 8), 0x0101010101010101);
});

/** A model of the buffer: one string of a character for each byte. */
class PlainBuffer {
  held = "";
  position = 0;

  take(n: number): string {
    const taken = this.held.slice(0, n);
    this.held = this.held.slice(n);
    this.position += n;
    return taken;
  }
}

const latin1 = new TextDecoder("latin1");

/** Bytes as a string of a character for each. */
function plainly(bytes: Uint8Array): string {
  return latin1.decode(bytes);
}

/** One random operation on both, and what it should and does give. */
function step(random: Random, buffer: ReceiveBuffer, plain: PlainBuffer): [unknown, unknown] {
  const held = plain.held.length;
  const n = random.below(random.pick(4, 300, 3000));
  // Few values, so that needles are found, half found and not found.
  const fresh = random.bytes(n).map((byte) => byte & 3);
  const count = Math.min(n, held);
  const from = random.below(held + 1);
  switch (random.below(11)) {
    case 0:
    case 1:
    case 2:
      plain.held += plainly(fresh);
      buffer.append(fresh);
      return [plain.held.length, buffer.length];
    case 3:
      return [plain.take(count), plainly(buffer.take(count))];
    case 4:
      return [plain.held.slice(0, count), plainly(buffer.peek(count))];
    case 5:
      buffer.skip(count);
      return [plain.take(count).length, count];
    case 6: {
      const chunk = buffer.takeChunk(n + 1);
      return [[plain.take(chunk.length), held > 0], [plainly(chunk), chunk.length > 0]];
    }
    case 7: {
      const target = new Uint8Array(n);
      const taken = buffer.takeInto(target);
      return [plain.take(count), plainly(target.subarray(0, taken))];
    }
    case 8: {
      const needle = random.bytes(random.below(4) + 1).map((byte) => byte & 3);
      return [plain.held.indexOf(plainly(needle), from), buffer.indexOf(needle, from)];
    }
    case 9:
      return [plain.take(count), buffer.takeText(count)];
    default: {
      const byte = random.below(4);
      const place = plain.held.indexOf(String.fromCharCode(byte), from);
      return [[plain.held.charCodeAt(from), place], [
        buffer.byteAt(from) ?? NaN,
        buffer.indexOf(byte, from),
      ]];
    }
  }
}

Deno.test("ReceiveBuffer behaves as a plain array does, for random operations", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const buffer = new ReceiveBuffer();
    const plain = new PlainBuffer();
    for (let i = 0; i < 100; i++) {
      const [expected, actual] = step(random, buffer, plain);
      assertEquals(actual, expected, `seed ${seed}, step ${i}`);
      assertEquals([buffer.length, buffer.position], [plain.held.length, plain.position]);
    }
    assertEquals(plainly(buffer.takeAll()), plain.held, `seed ${seed}`);
  }
});

/**
 * A chunk that counts how often its length is looked at: once for each step from chunk to
 * chunk.
 */
class CountedChunk extends Uint8Array<ArrayBuffer> {
  static looks = 0;

  override get length(): number {
    CountedChunk.looks++;
    return super.length;
  }
}

/** How many steps it takes to search, look at and consume so many chunks, as a decoder does. */
function stepsFor(chunks: number): number {
  const buffer = new ReceiveBuffer();
  CountedChunk.looks = 0;
  for (let i = 0; i < chunks; i++) {
    const from = buffer.length;
    buffer.append(new CountedChunk(new ArrayBuffer(600)));
    assertEquals(buffer.indexOf(1, from), -1);
    buffer.byteAt(0);
    buffer.byteAt(buffer.length - 1);
  }
  while (buffer.length >= 250) buffer.take(250);
  return CountedChunk.looks;
}

Deno.test("ReceiveBuffer takes work in proportion to the chunks", () => {
  const [less, more] = [stepsFor(500), stepsFor(4000)];
  assert(less > 500, "nothing was counted");
  assert(more <= 8.2 * less, `${more} steps for 8 times what took ${less}`);
});

Deno.test("ReceiveBuffer holds little more memory than bytes, however small the chunks", () => {
  const buffer = new ReceiveBuffer();
  for (let i = 0; i < 100_000; i++) buffer.append(new Uint8Array([i & 255]));
  const pieces: Bytes[] = [];
  while (buffer.length > 0) pieces.push(buffer.takeChunk());
  const held = new Set(pieces.map((piece) => piece.buffer));
  const size = [...held].reduce((sum, memory) => sum + memory.byteLength, 0);
  assert(size <= 200_000, `${size} bytes are held for 100000`);
  assert(pieces.length <= 20, `${pieces.length} chunks are held`);
});

Deno.test("ReceiveBuffer.clear() drops everything but the position", () => {
  const buffer = bufferOf("abc", "def");
  const kept = buffer.peek(2);
  buffer.clear();
  assertEquals([buffer.length, buffer.position], [0, 6]);
  buffer.append(encode("g"));
  assertEquals(buffer.byteAt(0), 103);
  assertNotStrictEquals(kept.buffer, buffer.takeAll().buffer);
});

Deno.test("ReceiveBuffer.borrow() hands out no borrowed memory, and keep() copies the rest", () => {
  for (const taken of [0, 2, 3]) {
    for (const before of [0, 600]) {
      const buffer = new ReceiveBuffer();
      if (before > 0) buffer.append(new Uint8Array(before));
      const lent = new Uint8Array(700).fill(7);
      buffer.borrow(lent);
      buffer.skip(before);
      const out = buffer.take(taken);
      assertEquals(buffer.byteAt(0), 7);
      buffer.keep();
      lent.buffer.transfer();
      assertEquals(out, new Uint8Array(taken).fill(7));
      assertEquals([buffer.length, buffer.byteAt(5), buffer.indexOf(8)], [700 - taken, 7, -1]);
      buffer.append(Uint8Array.of(8));
      assertEquals(buffer.indexOf(8), 700 - taken);
      assertEquals(buffer.take(700 - taken), new Uint8Array(700 - taken).fill(7));
    }
  }
});

Deno.test("ReceiveBuffer.take() of a whole borrowed chunk copies it", () => {
  const buffer = new ReceiveBuffer();
  const lent = Uint8Array.of(1, 2, 3);
  buffer.borrow(lent);
  const whole = buffer.take(3);
  buffer.keep();
  lent.buffer.transfer();
  assertEquals(whole, Uint8Array.of(1, 2, 3));
  buffer.append(Uint8Array.of(4));
  buffer.borrow(Uint8Array.of(5));
  assertEquals(buffer.takeText(2), "\u0004\u0005");
  buffer.keep();
  assertEquals(buffer.length, 0);
});
