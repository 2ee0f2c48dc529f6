import { InvalidStateError } from "@sluice/net";
import { ReceiveBuffer, type SeparatorMatch, SeparatorSearch } from "@sluice/net/protocols";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../../testing/conformance/random.ts";
import { encode } from "../../support/text.ts";

function searchFor(...separators: string[]): SeparatorSearch {
  return new SeparatorSearch(separators.map(encode));
}

Deno.test("SeparatorSearch.find() finds a separator split between chunks", () => {
  const search = searchFor("--end--");
  const buffer = new ReceiveBuffer();
  for (const byte of encode("a--en--end-")) {
    buffer.append(new Uint8Array([byte]));
    assertEquals(search.find(buffer), null);
  }
  buffer.append(encode("-b"));
  assertEquals(search.find(buffer), { start: 5, end: 12 });
  assertEquals(search.find(buffer), { start: 5, end: 12 });
});

Deno.test("SeparatorSearch.find() takes the one that ends first, then the longest", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(encode("xabcab"));
  assertEquals(searchFor("bca", "c", "abc").find(buffer), { start: 1, end: 4 });
  assertEquals(searchFor("bca", "ca").find(buffer), { start: 2, end: 5 });
  assertEquals(searchFor("bca", "b").find(buffer), { start: 2, end: 3 });
});

Deno.test("SeparatorSearch.find() finds a separator that overlaps consumed bytes", () => {
  const search = searchFor("ab", "bc");
  const buffer = new ReceiveBuffer();
  buffer.append(encode("abcbc"));
  assertEquals(search.find(buffer), { start: 0, end: 2 });
  buffer.skip(1);
  assertEquals(search.find(buffer), { start: 0, end: 2 });
  buffer.skip(1);
  assertEquals(search.find(buffer), { start: 1, end: 3 });
});

Deno.test("SeparatorSearch rejects an empty list and empty separators, and copies the others", () => {
  assertThrows(() => new SeparatorSearch([]), RangeError, "without a separator");
  assertThrows(() => searchFor("a", ""), RangeError, "empty separator");
  const separator = encode("ab");
  const search = new SeparatorSearch([separator, encode("x")]);
  separator.fill(0);
  const buffer = new ReceiveBuffer();
  buffer.append(encode("..ab"));
  assertEquals(search.find(buffer), { start: 2, end: 4 });
  assertEquals(search.longest, 2);
});

Deno.test("SeparatorSearch.find() rejects a second buffer", () => {
  const search = searchFor("a");
  search.find(new ReceiveBuffer());
  assertThrows(() => search.find(new ReceiveBuffer()), InvalidStateError);
});

/** The match, by looking at every place. */
function findPlainly(text: string, separators: string[]): SeparatorMatch | null {
  for (let end = 1; end <= text.length; end++) {
    const ending = separators.filter((one) => text.slice(0, end).endsWith(one));
    const longest = ending.sort((a, b) => b.length - a.length)[0];
    if (longest !== undefined) return { start: end - longest.length, end };
  }
  return null;
}

Deno.test("SeparatorSearch.find() finds what a plain search finds, however the bytes arrive", () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const random = new Random(seed);
    const letters = (most: number): string =>
      Array.from({ length: random.below(most) + 1 }, () => random.pick("a", "b", "c")).join("");
    const separators = Array.from({ length: random.below(3) + 1 }, () => letters(4));
    const search = searchFor(...separators);
    const buffer = new ReceiveBuffer();
    let held = "";
    for (let i = 0; i < 20; i++) {
      const piece = letters(6);
      buffer.append(encode(piece));
      held += piece;
      const label = `seed ${seed}, ${separators} in ${held}`;
      const match = search.find(buffer);
      assertEquals(match, findPlainly(held, separators), label);
      // A caller may consume another number of bytes than it found.
      const consumed = random.pick(
        0,
        match?.end ?? 0,
        match?.start ?? 0,
        random.below(held.length),
      );
      buffer.skip(consumed);
      held = held.slice(consumed);
    }
  }
});

/** Counts how many places are looked at. */
class CountedBuffer extends ReceiveBuffer {
  searched = 0;

  override indexOf(needle: Uint8Array | number, from = 0): number {
    const found = super.indexOf(needle, from);
    const size = typeof needle === "number" ? 1 : needle.length;
    this.searched += found === -1 ? Math.max(0, this.length - size + 1 - from) : found - from + 1;
    return found;
  }
}

Deno.test("SeparatorSearch.find() looks at each place once for each separator", () => {
  // The second one is looked for where the first one is found.
  const search = searchFor("\n", "\r\n", "0123456789");
  const buffer = new CountedBuffer();
  for (let i = 0; i < 20_000; i++) {
    buffer.append(encode("012345678"[i % 9] ?? ""));
    assertEquals(search.find(buffer), null);
  }
  assert(buffer.searched <= 2 * 20_000, `${buffer.searched} places were looked at`);
  assert(buffer.searched >= 2 * 20_000 - 20, "nothing was counted");
});

Deno.test("SeparatorSearch.find() does not search again for the far one of two", () => {
  const search = searchFor("\n", "END");
  const buffer = new CountedBuffer();
  const lines = 2000;
  buffer.append(encode("line\n".repeat(lines) + "END"));
  let found = 0;
  for (let match = search.find(buffer); match !== null; match = search.find(buffer)) {
    buffer.skip(match.end);
    found++;
  }
  assertEquals(found, lines + 1);
  const bytes = 5 * lines + 3;
  assert(buffer.searched <= 2 * bytes + lines, `${buffer.searched} places in ${bytes} bytes`);
});
