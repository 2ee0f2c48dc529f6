import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import { lineCodec } from "../../protocols/codecs/line_codec.ts";
import { FramedProtocol } from "../../protocols/framing/framed_protocol.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { connectStreams } from "../../transports/connect_streams.ts";

/** Hands lines to a function. */
class Lines extends FramedProtocol<string> {
  override readonly messageReceived: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    super(lineCodec());
    this.messageReceived = onLine;
  }
}

const bytes = (text: string): Bytes => new TextEncoder().encode(text);

Deno.test("connectStreams() reads chunks and skips empty ones", async () => {
  const readable = ReadableStream.from([bytes("one"), bytes(""), bytes("two")]);
  const { transport, protocol } = await connectStreams(() => new RecordingProtocol(), { readable });
  await transport.closed;
  assertEquals([protocol.receivedText, protocol.order.at(-2)], ["onetwo", "eofReceived"]);
});

Deno.test("connectStreams() leaves a stream its chunks when the protocol borrows", async () => {
  const ping = bytes("ping\n");
  const received: string[] = [];
  const { transport } = await connectStreams(
    () => new Lines((line) => received.push(line)),
    { readable: ReadableStream.from([ping, ping]) },
  );
  assertEquals((await transport.closed).error, null);
  assertEquals([received, ping.length], [["ping", "ping"], 5]);
});

Deno.test("connectStreams() fails with a chunk whose memory was transferred away", async () => {
  const chunk = bytes("gone");
  chunk.buffer.transfer();
  const readable = ReadableStream.from([bytes("there"), chunk]);
  const { transport, protocol } = await connectStreams(() => new RecordingProtocol(), { readable });
  assertStringIncludes(String((await transport.closed).error), "transferred away");
  assertEquals(protocol.receivedText, "there");
});

Deno.test("connectStreams() writes copies, and closes the writable at the end", async () => {
  const { readable, writable } = new TransformStream<Bytes>();
  const { transport } = await connectStreams(() => ({}), { writable });
  transport.write("first ");
  transport.write("second");
  transport.close();
  const text = await new Response(readable).text();
  assertEquals(text, "first second");
  await transport.closed;
});

Deno.test("connectStreams() ends with the error of either stream", async () => {
  const failure = new Error("disk full");
  const readable = new ReadableStream<Bytes>({ start: (controller) => controller.error(failure) });
  const reading = await connectStreams(() => ({}), { readable });
  assertStrictEquals((await reading.transport.closed).error, failure);

  const writable = new WritableStream<Bytes>({ write: () => Promise.reject(new Error("full")) });
  const writing = await connectStreams(() => ({}), { writable });
  writing.transport.write("x");
  assertEquals((await writing.transport.closed).endedBy, "error");
});

Deno.test("connectStreams() cancels its readable and aborts its writable when it is aborted", async () => {
  const ended = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const readable = new ReadableStream<Bytes>({ cancel: () => ended[0].resolve() });
  const writable = new WritableStream<Bytes>({ abort: () => ended[1].resolve() });
  const { transport } = await connectStreams(() => ({}), { readable, writable });
  transport.abort();
  await Promise.all(ended.map(({ promise }) => promise));
});

Deno.test("connectStreams() without a writable tells that writing failed, and reads on", async () => {
  const failed = Promise.withResolvers<Error>();
  const received = Promise.withResolvers<Uint8Array>();
  const { readable, writable } = new TransformStream<Bytes>();
  const { transport } = await connectStreams(
    () => ({ writingFailed: failed.resolve, dataReceived: received.resolve }),
    { readable },
  );
  transport.write("x");
  assertStringIncludes(`${await failed.promise}`, "there is no writable stream");
  const writer = writable.getWriter();
  void writer.write(new Uint8Array([7]));
  assertEquals(await received.promise, new Uint8Array([7]));
  void writer.close();
  const { error, bytesUnsent } = await transport.closed;
  assertStringIncludes(`${error}`, "there is no writable stream");
  assertEquals(bytesUnsent, 1);
});

Deno.test("connectStreams() refuses streams that are locked", async () => {
  const { readable, writable } = new TransformStream<Bytes>();
  const reader = readable.getReader();
  await assertRejects(() => connectStreams(() => ({}), { readable, writable }), TypeError);
  reader.releaseLock();
});
