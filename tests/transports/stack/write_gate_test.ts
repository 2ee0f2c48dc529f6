import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import { InvalidStateError, WriteBufferFullError } from "../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import type { LayerFactory, TransportOptions } from "../../../transports/core/transport_options.ts";
import { TransportWrapper } from "../../../transports/core/transport_wrapper.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";

/**
 * A layer that is ready when it is told to be, greets its peer at once, and marks what it passes
 * on.
 */
class SlowLayer extends Layer {
  override connectionMade(inner: Transport): void {
    this.inner = inner;
    super.write("<hello>");
  }

  becomeReady(): void {
    super.connectionMade(this.inner);
  }

  override write(data: Uint8Array | string): boolean {
    // Nothing is written to ask whether more may be.
    if (data.length === 0) return super.write(data);
    return super.write(`<${typeof data === "string" ? data : new TextDecoder().decode(data)}>`);
  }

  override writelines(parts: Iterable<Uint8Array | string>): boolean {
    return [...parts].map((part) => this.write(part)).every((isMore) => isMore);
  }
}

/** Begins to put a slow layer on a transport. */
function beginInsertion(transport: Transport): { layer: SlowLayer; done: Promise<Transport> } {
  const made: SlowLayer[] = [];
  const done = insertLayer(transport, (upper: AnyProtocol, options: TransportOptions) => {
    const layer = new SlowLayer(upper, options);
    made.push(layer);
    return layer;
  });
  const [layer] = made;
  assert(layer !== undefined);
  return { layer, done };
}

const copy = (chunk: Bytes) => chunk;
const keep: LayerFactory = transformLayer(() => ({ encode: copy, decode: copy }));

const BASES: Readonly<Record<string, (transport: Transport) => Promise<Transport>>> = {
  "a transport": (transport) => Promise.resolve(transport),
  "a layer": (transport) => insertLayer(transport, (upper, options) => new Layer(upper, options)),
  "a transform": (transport) => insertLayer(transport, keep),
  "a wrapper": (transport) => Promise.resolve(new TransportWrapper(transport)),
};

for (const [base, prepare] of Object.entries(BASES)) {
  Deno.test(`insertLayer() sends later writes through the layer, on ${base}`, async () => {
    const protocol = new RecordingProtocol();
    const [a, b] = await memoryTransportPair(() => protocol, () => new RecordingProtocol());
    const transport = await prepare(a.transport);
    transport.write("before ");
    const { layer, done } = beginInsertion(transport);
    const buffer = new TextEncoder().encode("one");
    assertEquals(transport.write(buffer), false);
    buffer.fill(0);
    assertEquals(transport.writelines(["two", "three"]), false);
    assertEquals(transport.getWriteBufferSize() >= 11, true);
    await turns();
    assertEquals(b.protocol.receivedText, "before <hello>");
    assertEquals(protocol.count("pauseWriting"), 1);
    layer.becomeReady();
    const top = await done;
    top.write("after");
    await turns();
    assertEquals(b.protocol.receivedText, "before <hello><one><two><three><after>");
    assertEquals(protocol.count("resumeWriting"), 1);
    top.close();
    await b.transport.closed;
  });
}

Deno.test("insertLayer() holds back writes although an insertion before it ends meanwhile", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const first = insertLayer(a.transport, (upper, options) => new Layer(upper, options));
  const { layer, done } = beginInsertion(a.transport);
  const top = await first;
  assertEquals(top.write("one"), false);
  await turns();
  assertEquals(b.protocol.receivedText, "<hello>");
  layer.becomeReady();
  await done;
  top.write("two");
  await turns();
  assertEquals(b.protocol.receivedText, "<hello><one><two>");
  top.close();
  await b.transport.closed;
});

Deno.test("insertLayer() holds back the end of the direction as well", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const { layer, done } = beginInsertion(a.transport);
  a.transport.write("last");
  a.transport.writeEof();
  assertThrows(() => a.transport.write("too late"), InvalidStateError, "writeEof()");
  await turns();
  assertEquals(b.protocol.order, ["connectionMade", "dataReceived"]);
  layer.becomeReady();
  await done;
  await b.protocol.until("eofReceived");
  assertEquals(b.protocol.receivedText, "<hello><last>");
  a.transport.close();
  await b.transport.closed;
});

Deno.test("insertLayer() rejects while another layer is being put in, and leaves that alone", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const { layer, done } = beginInsertion(a.transport);
  await assertRejects(
    () => insertLayer(a.transport, (upper, options) => new Layer(upper, options)),
    InvalidStateError,
    "a layer is being inserted, or a file is being sent",
  );
  layer.becomeReady();
  (await done).write("in order");
  await turns();
  assertEquals(b.protocol.receivedText, "<hello><in order>");
  a.transport.close();
  await b.transport.closed;
});

Deno.test("Held bytes count for maxWriteBuffer, and as unsent", async () => {
  const protocol = new RecordingProtocol();
  const options = { maxWriteBuffer: 100 };
  const [a] = await memoryTransportPair(() => protocol, () => new RecordingProtocol(), options);
  const { done } = beginInsertion(a.transport);
  const failure = assertRejects(() => done, WriteBufferFullError);
  a.transport.write(new Uint8Array(101));
  a.transport.write("one too many");
  await failure;
  const { error, bytesUnsent } = await a.transport.closed;
  assertInstanceOf(error, WriteBufferFullError);
  assertEquals(bytesUnsent >= 101, true);
});

Deno.test("insertLayer() ends the connection when its signal aborts, and only before it is done", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const reason = new Error("not wanted any more");
  const made = (upper: AnyProtocol, options: TransportOptions) => new SlowLayer(upper, options);
  await assertRejects(() => insertLayer(a.transport, made, { signal: AbortSignal.abort(reason) }));
  assertEquals(a.transport.isClosing(), false);
  const quick = new AbortController();
  const layer = (upper: AnyProtocol, options: TransportOptions) => new Layer(upper, options);
  const top = await insertLayer(a.transport, layer, { signal: quick.signal });
  quick.abort(reason);
  assertEquals(top.isClosing(), false);
  const slow = new AbortController();
  const pending = insertLayer(top, made, { signal: slow.signal });
  slow.abort(reason);
  assertEquals(await assertRejects(() => pending), reason);
  assertEquals((await a.transport.closed).error, reason);
  await b.transport.closed;
});

Deno.test("removeLayer() rejects when its signal aborts, and the layer is removed nevertheless", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const gate = Promise.withResolvers<void>();
  const late = async (chunk: Bytes) => {
    await gate.promise;
    return chunk;
  };
  const top = await insertLayer(
    a.transport,
    transformLayer(() => ({ encode: late, decode: copy })),
  );
  top.write("through ");
  const cancel = new AbortController();
  const removing = removeLayer(top, { signal: cancel.signal });
  const reason = new Error("no time");
  cancel.abort(reason);
  assertEquals(await assertRejects(() => removing), reason);
  gate.resolve();
  await b.protocol.untilReceived(8);
  await turns();
  top.write("past");
  await b.protocol.untilReceived(12);
  assertEquals(b.protocol.receivedText, "through past");
  top.close();
  await b.transport.closed;
});

Deno.test("Writer, Web stream and transport wait for a layer that is being put in", async () => {
  await using pair = await connectPair();
  const { writer, writable, transport } = pair.a;
  const { layer, done } = beginInsertion(transport);
  writer.write("one");
  writer.writelines(["two"]);
  const web = writable.getWriter();
  const written = web.write(new TextEncoder().encode("three"));
  const drained = writer.drain();
  await turns();
  assertEquals(await pair.b.reader.read(100), new TextEncoder().encode("<hello>"));
  layer.becomeReady();
  await Promise.all([done, written, drained]);
  const expected = "<one><two><three>";
  const received = await pair.b.reader.readexactly(expected.length);
  assertEquals(new TextDecoder().decode(received), expected);
});
