import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { connectAcceptedSocket } from "../../transports/connect_accepted_socket.ts";

async function acceptOne(): Promise<{ conn: Deno.Conn; peer: Deno.Conn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [peer, conn] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  return { conn, peer };
}

Deno.test("connectAcceptedSocket() makes a transport of a socket", async () => {
  const { conn, peer } = await acceptOne();
  const { transport, protocol } = await connectAcceptedSocket(() => new RecordingProtocol(), conn);
  assertStrictEquals(protocol.transport, transport);
  assertStrictEquals(transport.getExtraInfo("socket"), conn);
  await peer.write(new Uint8Array([104, 105]));
  await protocol.untilReceived(2);
  peer.close();
  await transport.closed;
  assertEquals(protocol.receivedText, "hi");
});

Deno.test("connectAcceptedSocket() closes the socket and rejects when the factory throws", async () => {
  const { conn, peer } = await acceptOne();
  await assertRejects(
    () =>
      connectAcceptedSocket(() => {
        throw new SyntaxError("On purpose");
      }, conn),
    SyntaxError,
  );
  assertEquals(await peer.read(new Uint8Array(1)), null);
  peer.close();
});

Deno.test("connectAcceptedSocket() rejects invalid options", async () => {
  const { conn, peer } = await acceptOne();
  await assertRejects(
    () => connectAcceptedSocket(() => ({}), conn, { maxWriteBuffer: -1 }),
    RangeError,
  );
  conn.close();
  peer.close();
});
