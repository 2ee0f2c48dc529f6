import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { connectCarrier, connectOver } from "../../../transports/core/connect_carrier.ts";
import { FakeCarrier } from "../../support/doubles/fake_carrier.ts";

Deno.test("connectCarrier() resolves after connectionMade to the transport and the protocol", async () => {
  const carrier = new FakeCarrier();
  const made = new RecordingProtocol();
  const { transport, protocol } = await connectCarrier(() => made, carrier);
  assertStrictEquals(protocol, made);
  assertStrictEquals(protocol.transport, transport);
  transport.abort();
  await transport.closed;
  assertEquals(carrier.calls, ["close"]);
});

Deno.test("connectCarrier() closes the carrier and rejects when the factory throws", async () => {
  const carrier = new FakeCarrier();
  await assertRejects(
    () =>
      connectCarrier(() => {
        throw new SyntaxError("On purpose");
      }, carrier),
    SyntaxError,
  );
  assertEquals(carrier.calls, ["close"]);
});

Deno.test("connectOver() tells a tracker of the beginning, before connectionMade, and of the end", async () => {
  const events: string[] = [];
  const { transport } = await connectOver(
    () => ({
      connectionMade: () => void events.push("connectionMade"),
      connectionLost: () => void events.push("connectionLost"),
    }),
    new FakeCarrier(),
    {},
    { onMade: () => events.push("onMade"), onClosed: () => events.push("onClosed") },
  );
  transport.close();
  await transport.closed;
  assertEquals(events, ["onMade", "connectionMade", "connectionLost", "onClosed"]);
});
