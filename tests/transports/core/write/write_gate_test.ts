import { assert, assertEquals, assertFalse } from "@std/assert";
import { insertLayer, removeLayer } from "../../../../transports/stack/live_layers.ts";
import { Layer } from "../../../../transports/stack/layer.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import type { Transport } from "../../../../protocols/contract.ts";

/** More parts than a call of a function may have arguments. */
const MANY = 130_000;

/** A layer that is not ready before `comeUp` is called. */
class LateLayer extends Layer {
  comeUp: () => void = () => {};

  override connectionMade(inner: Transport): void {
    this.comeUp = () => super.connectionMade(inner);
  }
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
}
