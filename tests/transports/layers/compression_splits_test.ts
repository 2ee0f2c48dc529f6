import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as zlib from "node:zlib";
import { type Bytes, copyOf, joinBytes } from "../../../protocols/bytes.ts";
import { DecompressionError, DecompressionLimitError } from "../../../protocols/errors.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { compression, type CompressionFormat } from "../../../transports/layers/compression.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";
import { encode, pattern } from "../../support/text.ts";

/** The output of a compression layer, and why it ended, when bytes come in these pieces. */
async function receive(
  format: CompressionFormat,
  pieces: readonly Bytes[],
): Promise<{ text: string; error: Error | null }> {
  const { transport, peer, protocol } = await layeredPair([compression({ format })]);
  for (const piece of pieces) {
    if (peer.isClosing()) break;
    peer.write(piece);
    // Small writes of one turn would leave together.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!peer.isClosing()) peer.writeEof();
  const { error } = await transport.closed;
  peer.abort();
  await peer.closed;
  return { text: protocol.receivedText, error };
}

/** The same bytes in one piece, in two, and in many. */
function* splitsOf(bytes: Bytes): Generator<Bytes[]> {
  yield [bytes];
  for (let at = 1; at < bytes.length; at += Math.ceil(bytes.length / 12)) {
    yield [copyOf(bytes, 0, at), copyOf(bytes, at)];
  }
  const step = bytes.length > 200 ? 97 : 1;
  yield Array.from(
    { length: Math.ceil(bytes.length / step) },
    (_, i) => copyOf(bytes, i * step, (i + 1) * step),
  );
}

/** The bytes that a compressor sends before it is flushed, without an end. */
async function flushed(
  stream: zlib.Gzip | zlib.ZstdCompress,
  mode: number,
  text: string,
): Promise<Bytes> {
  const parts: Bytes[] = [];
  stream.on("data", (part: Uint8Array) => parts.push(copyOf(part)));
  stream.write(text);
  await new Promise<void>((resolve) => stream.flush(mode, () => resolve()));
  stream.destroy();
  return joinBytes(parts);
}

const { constants } = zlib;
const STREAMS: Record<CompressionFormat, (text: string) => Promise<Bytes>> = {
  "gzip": (text) => flushed(zlib.createGzip(), constants.Z_SYNC_FLUSH, text),
  "deflate": (text) => flushed(zlib.createDeflate(), constants.Z_SYNC_FLUSH, text),
  "deflate-raw": (text) => flushed(zlib.createDeflateRaw(), constants.Z_SYNC_FLUSH, text),
  "brotli": (text) => flushed(zlib.createBrotliCompress(), constants.BROTLI_OPERATION_FLUSH, text),
  "zstd": (text) => flushed(zlib.createZstdCompress(), constants.ZSTD_e_flush, text),
};

for (const format of Object.keys(STREAMS) as CompressionFormat[]) {
  Deno.test(`compression() of ${format} gives what comes before a fault, in every split`, async () => {
    const sent = `hello\n${Array.from(pattern(900)).join(" ")}\n`;
    const good = await STREAMS[format](sent);
    const bytes = joinBytes([good, new Uint8Array(64).fill(0xff)]);
    for (const pieces of splitsOf(bytes)) {
      const { text, error } = await receive(format, pieces);
      assertEquals([text, error?.name], [sent, "DecompressionError"], `${pieces.length} pieces`);
    }
  });
}

Deno.test("compression() of zstd reads frames one after the other, in every split", async () => {
  const frame = (text: string) => copyOf(zlib.zstdCompressSync(encode(text)));
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
  const bytes = joinBytes([frame("one"), skippable, frame("two"), frame(""), frame("three")]);
  for (const pieces of splitsOf(bytes)) {
    const { text, error } = await receive("zstd", pieces);
    assertEquals([text, error], ["onetwothree", null], `${pieces.length} pieces`);
  }
});

Deno.test("compression() of gzip reads members one after the other, in every split", async () => {
  const member = (text: string) => copyOf(zlib.gzipSync(encode(text)));
  const whole = joinBytes([member("one"), member(""), member("two")]);
  const cut = copyOf(whole, 0, whole.length - 3);
  for (const pieces of splitsOf(whole)) {
    assertEquals(await receive("gzip", pieces), { text: "onetwo", error: null });
  }
  for (const pieces of splitsOf(cut)) {
    const { text, error } = await receive("gzip", pieces);
    assertEquals([text, error?.name], ["onetwo", "DecompressionError"]);
  }
});

Deno.test("compression() of deflate refuses what follows the end, after what came before it", async () => {
  const bytes = joinBytes([copyOf(zlib.deflateSync(encode("all"))), pattern(9000)]);
  for (const pieces of splitsOf(bytes)) {
    const { text, error } = await receive("deflate", pieces);
    assertInstanceOf(error, DecompressionError);
    assertEquals([text, /more follows after its end/.test(error.message)], ["all", true]);
  }
});

Deno.test("compression() gives all but the last 4 KiB of a long stream that is faulty", async () => {
  const letters = new Random(7).bytes(150_000).map((byte) => 48 + byte % 64);
  const sent = new TextDecoder().decode(letters);
  const good = await STREAMS.gzip(sent);
  assert(good.length > 100_000, `only ${good.length} bytes`);
  const bytes = joinBytes([good, new Uint8Array(64).fill(0xff)]);
  const { text, error } = await receive("gzip", [bytes]);
  assertInstanceOf(error, DecompressionError);
  assert(sent.startsWith(text), "something else than what was sent");
  assert(
    text.length > sent.length - 2 * 4096,
    `${sent.length - text.length} characters are missing`,
  );
});

Deno.test("compression() does not look for a fault in what grew too large", async () => {
  const bomb = copyOf(zlib.gzipSync(new Uint8Array(60_000_000)));
  const { transport, peer } = await layeredPair([
    compression({ format: "gzip", maxExpansion: 1000 }),
  ]);
  peer.write(bomb);
  assertInstanceOf((await transport.closed).error, DecompressionLimitError);
  await peer.closed;
});

// Deno's decompressor throws past its listeners where a fault follows a full output buffer.
Deno.test("compression() of zstd gives everything before a fault that follows much output", async () => {
  const sent = "0123456789abcdef".repeat(20_000);
  const good = await STREAMS.zstd(sent);
  const { text, error } = await receive("zstd", [joinBytes([good, new Uint8Array(64).fill(0xff)])]);
  assertInstanceOf(error, DecompressionError);
  assertEquals(text.length, sent.length);
  assert(text === sent, "something else than what was sent");
});
