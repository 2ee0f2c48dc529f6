import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as zlib from "node:zlib";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import { DecompressionError, DecompressionLimitError } from "../../../protocols/errors.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { assertSameBytes } from "../../../testing/conformance/same_bytes.ts";
import { flushed } from "../../../testing/conformance/scene.ts";
import {
  compression,
  type CompressionFormat,
  type CompressionOptions,
} from "../../../transports/layers/compression.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { testWith } from "../../support/peers/outside_peer.ts";
import { type LayeredPair, layeredPair } from "../../support/pairs/layered_pair.ts";

const COMPRESS: Record<CompressionFormat, (bytes: Bytes) => Uint8Array> = {
  "gzip": zlib.gzipSync,
  "deflate": zlib.deflateSync,
  "deflate-raw": zlib.deflateRawSync,
  "brotli": zlib.brotliCompressSync,
  "zstd": zlib.zstdCompressSync,
};
const FORMATS = Object.keys(COMPRESS) as CompressionFormat[];

/** Compressed in one go; not as the Buffer that it is, whose slice() copies nothing. */
function compressed(format: CompressionFormat, text: string | Bytes): Bytes {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return new Uint8Array(COMPRESS[format](bytes));
}

/** The output of a compression layer for bytes that the peer sends before it ends. */
async function receive(
  format: CompressionFormat,
  bytes: Bytes,
  limits: Partial<CompressionOptions> = {},
): Promise<LayeredPair & { readonly info: CloseInfo }> {
  const pair = await layeredPair([compression({ format, ...limits })]);
  pair.peer.write(bytes);
  pair.peer.writeEof();
  const info = await pair.transport.closed;
  await pair.peer.closed;
  return { ...pair, info };
}

for (const format of FORMATS) {
  Deno.test(`compression() of ${format} carries a dialogue, each message at once`, async () => {
    const { transport, peer, protocol, peerProtocol, close } = await layeredPair([
      compression({ format }),
    ]);
    const top = await insertLayer(peer, compression({ format }));
    for (let round = 1; round <= 20; round++) {
      transport.write("ping");
      await peerProtocol.untilReceived(4 * round);
      top.write("pong");
      await protocol.untilReceived(4 * round);
    }
    await close();
  });

  Deno.test(`compression() of ${format} ends the stream with the direction: node:zlib reads it`, async () => {
    const { transport, peerProtocol, close } = await layeredPair([compression({ format })]);
    const random = new Random(3);
    const sent = random.bytes(300_000).map((byte) => byte & 15);
    for (const piece of random.split(sent, 1, 50_000)) {
      transport.write(piece);
      if (random.below(3) === 0) await flushed(transport);
    }
    transport.writeEof();
    await peerProtocol.until("eofReceived");
    const { received } = peerProtocol;
    assert(received.length < 0.7 * sent.length, `${received.length} bytes`);
    const decompressed = {
      "gzip": zlib.gunzipSync,
      "deflate": zlib.inflateSync,
      "deflate-raw": zlib.inflateRawSync,
      "brotli": zlib.brotliDecompressSync,
      "zstd": zlib.zstdDecompressSync,
    }[format](received);
    assertSameBytes(new Uint8Array(decompressed), sent);
    await close();
  });

  Deno.test(`compression() of ${format} takes data in pieces of any size, and in one`, async () => {
    const text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
    const bytes = compressed(format, text);
    assertEquals((await receive(format, bytes)).protocol.receivedText, text);
    const { transport, peer, protocol } = await layeredPair([compression({ format })]);
    for (const byte of bytes) {
      peer.write(new Uint8Array([byte]));
      await flushed(peer);
    }
    peer.writeEof();
    assertEquals((await transport.closed).error, null);
    assertEquals(protocol.receivedText, text);
    await peer.closed;
  });

  Deno.test(`compression() of ${format} finds every truncation, reports it once, and closes`, async () => {
    const bytes = compressed(format, `Not much, but of ${format}`);
    for (let length = 1; length < bytes.length; length++) {
      const { info, protocol, reported } = await receive(format, bytes.slice(0, length));
      assertInstanceOf(info.error, DecompressionError, `${length} of ${bytes.length} bytes`);
      assertEquals([info.error.format, info.endedBy], [format, "error"]);
      assertStrictEquals(protocol.error, info.error);
      assertEquals(reported.map(([, error]) => error), [info.error]);
    }
  });

  Deno.test(`compression() of ${format} ends with DecompressionError for garbage and for what follows the end`, async () => {
    const random = new Random(9);
    const bytes = compressed(format, "All there is");
    const tail = new Uint8Array([...bytes, 1, 2, 3]);
    for (const wrong of [random.bytes(100), random.bytes(100_000), tail]) {
      const { info, reported } = await receive(format, wrong);
      assertInstanceOf(info.error, DecompressionError);
      assertEquals(reported.map(([, error]) => error), [info.error]);
    }
  });

  Deno.test(`compression() of ${format} stops a bomb at its limit with DecompressionLimitError`, async () => {
    const bomb = compressed(format, new Uint8Array(30_000_000));
    const { info, protocol, reported } = await receive(format, bomb, {
      maxRatio: 10,
      maxExpansion: 100_000,
    });
    const { error } = info;
    assertInstanceOf(error, DecompressionLimitError);
    assert(protocol.receivedLength <= 10 * bomb.length + 100_000, `${protocol.receivedLength}`);
    assert(error.produced <= 10 * error.received + 200_000, error.message);
    assertEquals([error.maxRatio, reported.length], [10, 1]);
  });
}

Deno.test("compression() lets pass what stays within the limits, at each of them", async () => {
  const bytes = compressed("gzip", new Uint8Array(1_000_000));
  const maxExpansion = 1_000_000 - bytes.length;
  const within = await receive("gzip", bytes, { maxRatio: 1, maxExpansion });
  assertEquals([within.info.error, within.protocol.receivedLength], [null, 1_000_000]);
  const beyond = await receive("gzip", bytes, { maxRatio: 1, maxExpansion: maxExpansion - 1 });
  assertInstanceOf(beyond.info.error, DecompressionLimitError);
});

Deno.test("compression() has a limit by default: 200 times as much, and 8 MiB", async () => {
  const { info, protocol } = await receive(
    "brotli",
    compressed("brotli", new Uint8Array(9_000_000)),
  );
  assertInstanceOf(info.error, DecompressionLimitError);
  assert(protocol.receivedLength > 8_000_000, `${protocol.receivedLength}`);
});

Deno.test("compression() delivers plain arrays, which the protocol may keep", async () => {
  const { transport, peer, close } = await layeredPair([compression({ format: "gzip" })]);
  const chunks: Bytes[] = [];
  const isOver = Promise.withResolvers<void>();
  transport.setProtocol({
    dataReceived: (chunk) => void chunks.push(chunk),
    eofReceived: () => isOver.resolve(),
  });
  const sent = new Random(1).bytes(1_000_000).map((byte) => byte & 3);
  peer.write(compressed("gzip", sent));
  peer.writeEof();
  await isOver.promise;
  for (const chunk of chunks) {
    assertStrictEquals(Object.getPrototypeOf(chunk), Uint8Array.prototype);
  }
  assertSameBytes(await new Blob(chunks).bytes(), sent);
  await close();
});

Deno.test("compression() treats a peer that sends nothing at all as one that ended cleanly", async () => {
  const { info, reported } = await receive("gzip", new Uint8Array(0));
  assertEquals([info.error, info.endedBy, reported], [null, "peer", []]);
});

Deno.test("compression() does not read ahead while the protocol is paused", async () => {
  const { transport, peer, protocol, close } = await layeredPair([compression({ format: "gzip" })]);
  transport.pauseReading();
  // A hundred times as much once it is decompressed.
  const bytes = compressed("gzip", new Random(1).bytes(50_000).map((byte) => byte & 1));
  let written = 0;
  while (peer.write(bytes)) written += bytes.length;
  assert(written < 400_000, `${written} bytes were taken`);
  assertEquals(protocol.receivedLength, 0);
  transport.abort();
  await close();
});

Deno.test("compression() may be put in and taken out where both ends know that nothing is under way", async () => {
  const { transport, peer, protocol, peerProtocol, close } = await layeredPair([]);
  transport.write("plain ");
  await peerProtocol.untilReceived(6);
  const tops = [
    await insertLayer(transport, compression({ format: "brotli" })),
    await insertLayer(peer, compression({ format: "brotli" })),
  ] as const;
  tops[0].write("small ");
  tops[1].write("answer ");
  await Promise.all([peerProtocol.untilReceived(12), protocol.untilReceived(7)]);
  await Promise.all(tops.map((top) => removeLayer(top)));
  transport.write("and plain again");
  await peerProtocol.untilReceived(27);
  assertEquals(peerProtocol.receivedText, "plain small and plain again");
  await close();
});

testWith(
  "gzip",
  "compression() of gzip is read by gzip -d, and reads what gzip makes",
  async () => {
    const text = "as the system sees it\n".repeat(5000);
    const { transport, peerProtocol, close } = await layeredPair([compression({ format: "gzip" })]);
    for (let i = 0; i < text.length; i += 7777) transport.write(text.slice(i, i + 7777));
    await flushed(transport);
    transport.writeEof();
    await peerProtocol.until("eofReceived");
    assertEquals(await gzip(["-dc"], peerProtocol.received), new TextEncoder().encode(text));
    await close();
    const { protocol, info } = await receive(
      "gzip",
      await gzip(["-c"], new TextEncoder().encode(text)),
    );
    assertEquals([info.error, protocol.receivedText === text], [null, true]);
  },
);

async function gzip(args: string[], input: Bytes): Promise<Bytes> {
  const child = new Deno.Command("gzip", { args, stdin: "piped", stdout: "piped" }).spawn();
  const [output] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Blob([input]).stream().pipeTo(child.stdin),
  ]);
  assert((await child.status).success);
  return output;
}

Deno.test("compression() throws for invalid options, and names the value", () => {
  // A caller without types may give this.
  const format = "lzma" as "gzip";
  assertThrows(() => compression({ format }), TypeError, 'format "lzma" is not one of "gzip", ');
  for (const [name, level] of [["gzip", 10], ["brotli", 12], ["zstd", 0], ["gzip", 1.5]] as const) {
    const make = () => compression({ format: name, level });
    assertThrows(make, RangeError, `level ${level} of ${name} is not in `);
  }
  const set = (limits: object) => () => compression({ format: "gzip", ...limits });
  assertThrows(set({ maxRatio: 0.5 }), RangeError, "Cannot use compression: maxRatio 0.5 ");
  assertThrows(set({ maxExpansion: -1 }), RangeError, "Cannot use compression: maxExpansion -1 ");
});
