import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { transformLayer } from "../../../../transports/stack/transform_layer.ts";
import { insertLayer, removeLayer } from "../../../../transports/stack/live_layers.ts";
import { Layer } from "../../../../transports/stack/layer.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import type { LayerFactory } from "../../../../transports/core/transport_options.ts";

/** More parts than a call of a function may have arguments. */
const MANY = 130_000;

/** A layer that is not ready before `comeUp` is called. */
class LateLayer extends Layer {
  comeUp: () => void = () => {};

  override connectionMade(inner: Transport): void {
    this.comeUp = () => super.connectionMade(inner);
  }
}

/** A layer that inverts all bits. */
function inverting(): LayerFactory {
  const invert = (chunk: Bytes): Bytes => chunk.map((byte) => ~byte);
  return transformLayer(() => ({ encode: invert, decode: invert }));
}

/** A transport with so many layers, and the protocol at the other end. */
async function layered(
  depth: number,
): Promise<{ transport: Transport; peer: RecordingProtocol }> {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  let transport: Transport = a.transport;
  for (let i = 0; i < depth; i++) {
    transport = await insertLayer(transport, (upper) => new Layer(upper));
  }
  return { transport, peer: b.protocol };
}

/** A transport with so many layers, and the one that is being put on it. */
async function inserting(
  depth: number,
): Promise<{ transport: Transport; peer: Transport; comeUp: () => Promise<Transport> }> {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  let transport: Transport = a.transport;
  for (let i = 0; i < depth; i++) {
    transport = await insertLayer(transport, (upper) => new Layer(upper));
  }
  let late: LateLayer | undefined;
  const inserted = insertLayer(transport, (upper) => late = new LateLayer(upper));
  const comeUp = (): Promise<Transport> => {
    late?.comeUp();
    return inserted;
  };
  return { transport, peer: b.transport, comeUp };
}

for (const depth of [0, 1]) {
  Deno.test(`writelines() takes any number of parts while a layer is put on ${depth} others`, async () => {
    const { transport, peer, comeUp } = await inserting(depth);
    transport.writelines(new Array(MANY).fill(new Uint8Array(1)));
    assertEquals(transport.getWriteBufferSize(), MANY);
    const top = await comeUp();
    await removeLayer(top);
    top.close();
    assertEquals((await peer.closed).bytesRead, MANY);
  });

  Deno.test(`isReading() tells what its protocol has set while a layer is put on ${depth} others`, async () => {
    const { transport, comeUp } = await inserting(depth);
    assert(transport.isReading());
    transport.pauseReading();
    assertFalse(transport.isReading());
    transport.resumeReading();
    assert(transport.isReading());
    transport.pauseReading();
    const top = await comeUp();
    assertFalse(top.isReading());
    transport.abort();
    assertFalse(transport.isReading());
    await top.closed;
  });

  Deno.test(`isReading() tells what was set before while a layer is put on ${depth} others`, async () => {
    const { transport, comeUp } = await inserting(depth);
    const top = await comeUp();
    top.pauseReading();
    let late: LateLayer | undefined;
    const inserted = insertLayer(top, (upper) => late = new LateLayer(upper));
    assertFalse(top.isReading());
    assert(transport.isReading(), "the layer waits for bytes");
    late?.comeUp();
    assertFalse((await inserted).isReading());
    transport.abort();
    await transport.closed;
  });

  Deno.test(`All that is done to the transport before insertLayer() has resolved is done above the layer, on ${depth} others`, async () => {
    const { transport, peer } = await layered(depth);
    // The layer is ready at once, the caller hears of it later.
    const inserted = insertLayer(transport, inverting());
    assert(transport.write(Uint8Array.of(1, 2)));
    transport.writelines([Uint8Array.of(3), "a"]);
    transport.writeEof();
    assertThrows(() => transport.write("more"), InvalidStateError);
    transport.pauseReading();
    const top = await inserted;
    assertFalse(top.isReading());
    assert(transport.isReading(), "the layer reads");
    await peer.until("eofReceived");
    assertEquals(peer.received, Uint8Array.of(254, 253, 252, 255 - 97));
    top.close();
    await top.closed;
  });

  Deno.test(`A layer may be taken out, or another put in, as soon as it is there, on ${depth} others`, async () => {
    const { transport, peer } = await layered(depth);
    const top = await insertLayer(transport, inverting());
    assertStrictEquals(await removeLayer(top), transport);
    transport.write(Uint8Array.of(1));
    const plain = await insertLayer(transport, (upper) => new Layer(upper));
    assertStrictEquals(await removeLayer(plain), transport);
    transport.write(Uint8Array.of(2));
    const passing = await insertLayer(transport, (upper) => upper);
    const next = await insertLayer(passing, inverting());
    next.write(Uint8Array.of(3));
    await peer.untilReceived(3);
    assertEquals(peer.received, Uint8Array.of(1, 2, 252));
    next.close();
    await next.closed;
  });
}
