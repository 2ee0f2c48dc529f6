import { assertEquals, assertStrictEquals } from "@std/assert";
import { SocketCarrier } from "../../../transports/carriers/socket_carrier.ts";

async function connected(): Promise<{ carrier: SocketCarrier; peer: Deno.Conn; conn: Deno.Conn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [peer, conn] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  return { carrier: new SocketCarrier(conn), peer, conn };
}

Deno.test("SocketCarrier reads chunks of its own, and into a buffer that is given", async () => {
  const { carrier, peer } = await connected();
  await peer.write(new Uint8Array([1, 2]));
  const own = await carrier.source.next();
  assertEquals(own, { done: false, value: new Uint8Array([1, 2]) });
  const buffer = new Uint8Array(10);
  await peer.write(new Uint8Array([3]));
  const lent = await carrier.source.next(buffer);
  assertEquals([lent.value, buffer[0]], [new Uint8Array([3]), 3]);
  peer.close();
  assertEquals((await carrier.source.next()).done, true);
  carrier.close();
});

Deno.test("SocketCarrier writes, ends its direction, and knows its addresses", async () => {
  const { carrier, peer, conn } = await connected();
  assertEquals(await carrier.write(new Uint8Array([1, 2, 3])), 3);
  await carrier.closeWrite();
  const buffer = new Uint8Array(10);
  assertEquals(await peer.read(buffer), 3);
  assertEquals(await peer.read(buffer), null);
  assertEquals(carrier.getExtraInfo("peername"), conn.remoteAddr);
  assertEquals(carrier.getExtraInfo("sockname"), conn.localAddr);
  assertStrictEquals(carrier.getExtraInfo("socket"), conn);
  assertEquals(carrier.getExtraInfo("color"), undefined);
  carrier.close();
  peer.close();
});
