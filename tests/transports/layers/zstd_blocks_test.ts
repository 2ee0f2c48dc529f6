import { assertEquals } from "@std/assert";
import zlib from "node:zlib";
import { type Bytes, joinBytes } from "../../../protocols/bytes.ts";
import { ZstdBlocks } from "../../../transports/layers/_zstd_blocks.ts";

/** The most that one block makes, in bytes: RFC 8878, section 3.1.1.2.4. */
const MAX_BLOCK = 131_072;

/** Numbers that look random, and always the same. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => (state = state * 48_271 % 2_147_483_647) >> 8);
}

/** The output of a decompressor for the input up to the end of each piece. */
function outputsOf(pieces: readonly Bytes[]): number[] {
  const finishFlush = zlib.constants.ZSTD_e_flush;
  return pieces.map((_, index) =>
    zlib.zstdDecompressSync(joinBytes(pieces.slice(0, index + 1)), { finishFlush }).length
  );
}

function cut(input: Uint8Array, size: number): Bytes[] {
  const blocks = new ZstdBlocks();
  const pieces: Bytes[] = [];
  for (let at = 0; at < input.length; at += size) {
    pieces.push(...blocks.cut(new Uint8Array(input.subarray(at, at + size))));
  }
  return pieces;
}

const INPUTS: Record<string, Uint8Array> = {
  "raw blocks": noise(500_000),
  "repeated bytes": new Uint8Array(1_000_000),
  "compressed blocks": noise(400_000).map((byte) => byte & 15),
  "one short block": noise(10),
};

for (const [what, data] of Object.entries(INPUTS)) {
  const compressed = zlib.zstdCompressSync(data, {
    params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 },
  });
  for (const size of [Infinity, 65_536, 1000]) {
    Deno.test(`ZstdBlocks.cut() gives pieces that end with a block: ${what} by ${size}`, () => {
      const pieces = cut(compressed, size);
      assertEquals(joinBytes(pieces), new Uint8Array(compressed));
      const outputs = outputsOf(pieces);
      const made = outputs.map((output, index) => output - (outputs[index - 1] ?? 0));
      assertEquals(made.filter((bytes) => bytes > MAX_BLOCK), []);
      assertEquals(outputs.at(-1), data.length);
    });
  }
}

Deno.test("ZstdBlocks.cut() goes on after a frame and past one that is skipped", () => {
  const frame = new Uint8Array(zlib.zstdCompressSync(new Uint8Array(200_000)));
  const skipped = new Uint8Array([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const blocks = cut(frame, Infinity).length;
  assertEquals(cut(joinBytes([frame, skipped, frame]), Infinity).length, 2 * blocks);
});

Deno.test("ZstdBlocks.cut() passes bytes that are not a frame on in one piece", () => {
  const garbage = noise(1000);
  assertEquals(cut(garbage, Infinity), [new Uint8Array(garbage)]);
});
