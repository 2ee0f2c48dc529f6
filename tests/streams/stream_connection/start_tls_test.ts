import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import type { Bytes } from "../../../protocols/bytes.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";
import { connectPair, type StreamPair } from "../../support/pairs/stream_pair.ts";
import { decode, pattern } from "../../support/text.ts";
import { pausedReading } from "../../support/doubles/paused_reading.ts";

const PATIENCE_MS = 60_000;

/** Notes what comes in from below, as text of one character a byte. */
class Watching extends Layer {
  seen = "";

  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.seen += new TextDecoder("latin1").decode(chunk);
    return super.dataReceived(chunk);
  }
}

/** Two connections that agreed to encrypt, and did so by their writers. */
async function upgradedPair(layers: Watching[] = []): Promise<StreamPair> {
  const pair = await connectPair("memory", {
    limit: 1000,
    layers: [(upper, options) => {
      const layer = new Watching(upper, options);
      layers.push(layer);
      return layer;
    }],
  });
  const { a, b } = pair;
  a.writer.write("STARTTLS\n");
  assertEquals(decode(await b.reader.readline()), "STARTTLS\n");
  b.writer.write("go ahead\n");
  assertEquals(decode(await a.reader.readline()), "go ahead\n");
  await Promise.all([
    a.writer.startTls(trusting),
    b.writer.startTls({ ...localhost, serverSide: true }),
  ]);
  return pair;
}

Deno.test("StreamWriter.startTls() leaves reader and writer of both ends valid", async () => {
  const layers: Watching[] = [];
  await using pair = await upgradedPair(layers);
  const { a, b } = pair;
  for (const [from, to] of [[a, b], [b, a]] as const) {
    from.writer.write("secret line\n");
    await from.writer.drain();
    assertEquals(decode(await to.reader.readline()), "secret line\n");
    assertEquals(from.writer.getExtraInfo("tlsEngine"), "layer");
  }
  assertEquals(
    layers.map(({ seen }) => [seen.includes("\n"), seen.includes("secret")]),
    [[true, false], [true, false]],
  );
});

Deno.test("StreamWriter.startTls() makes the reader hold encrypted bytes back", async () => {
  await using pair = await upgradedPair();
  const { a, b } = pair;
  for (const [from, to] of [[a, b], [b, a]] as const) {
    const data = pattern(100_000);
    from.writer.write(data);
    await pausedReading(to.transport);
    assertEquals(await deadline(to.reader.readexactly(data.length), PATIENCE_MS), data);
    assertEquals(to.transport.isReading(), true);
  }
});

Deno.test("StreamWriter.startTls() leaves a Web pair that echoes by a pipe begun afterwards", async () => {
  await using pair = await upgradedPair();
  const { a, b } = pair;
  const echoing = b.readable.pipeTo(b.writable);
  const data = pattern(1_000_000);
  const sending = a.writable.getWriter();
  const sent = sending.write(data).then(() => sending.close());
  assertEquals(await deadline(a.reader.read(), PATIENCE_MS), data);
  await Promise.all([sent, echoing]);
  assertEquals((await a.close()).error, null);
});
