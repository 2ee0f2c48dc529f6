import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ConnectionLostError, InvalidStateError } from "../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("RecordingProtocol records calls, bytes, transport and error", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  a.transport.write("one");
  await b.protocol.untilReceived(3);
  a.transport.write("two");
  a.transport.close();
  await b.transport.closed;
  const { protocol } = b;
  assertEquals(protocol.receivedText, "onetwo");
  assertEquals(protocol.received, bytes("onetwo"));
  assertEquals(protocol.receivedLength, 6);
  assertEquals(protocol.calls, [
    "connectionMade",
    "dataReceived",
    "dataReceived",
    "eofReceived",
    "connectionLost",
  ]);
  assertEquals(protocol.order, [
    "connectionMade",
    "dataReceived",
    "eofReceived",
    "connectionLost",
  ]);
  assertEquals(protocol.count("dataReceived"), 2);
  assertStrictEquals(protocol.transport, b.transport);
  assertEquals(protocol.error, null);
});

Deno.test("RecordingProtocol.order keeps calls that follow each other and are not data", () => {
  const protocol = new RecordingProtocol();
  protocol.pauseWriting();
  protocol.pauseWriting();
  protocol.dataReceived(bytes("x"));
  protocol.resumeWriting();
  protocol.dataReceived(bytes("y"));
  assertEquals(protocol.order, [
    "pauseWriting",
    "pauseWriting",
    "dataReceived",
    "resumeWriting",
    "dataReceived",
  ]);
});

Deno.test("RecordingProtocol.received is a copy that later changes do not reach", () => {
  const protocol = new RecordingProtocol({ dataReceived: (chunk) => void chunk.fill(0) });
  const chunk = bytes("abc");
  protocol.dataReceived(chunk);
  protocol.received.fill(0);
  assertEquals(protocol.receivedText, "abc");
});

Deno.test("RecordingProtocol.transport throws before connectionMade()", () => {
  assertThrows(() => new RecordingProtocol().transport, InvalidStateError);
});

Deno.test("RecordingProtocol passes each call on and gives back the answer", async () => {
  const heard: unknown[] = [];
  const work = Promise.resolve();
  const error = new Error("lost");
  const protocol = new RecordingProtocol({
    connectionMade: (transport) => void heard.push(transport),
    dataReceived: (chunk) => {
      heard.push(chunk);
      return work;
    },
    eofReceived: () => true,
    pauseWriting: () => void heard.push("pause"),
    resumeWriting: () => void heard.push("resume"),
    connectionLost: (lost) => void heard.push(lost),
  });
  const [{ transport }] = await memoryTransportPair(() => ({}), () => ({}));
  const chunk = bytes("x");
  protocol.connectionMade(transport);
  assertStrictEquals(protocol.dataReceived(chunk), work);
  assertEquals(protocol.eofReceived(), true);
  protocol.pauseWriting();
  protocol.resumeWriting();
  protocol.connectionLost(error);
  assertEquals(heard, [transport, chunk, "pause", "resume", error]);
  assertStrictEquals(protocol.error, error);
  transport.abort();
});

Deno.test("RecordingProtocol lets an exception out after it has recorded the call", () => {
  const protocol = new RecordingProtocol({
    eofReceived: () => {
      throw new Error("on purpose");
    },
  });
  assertThrows(() => protocol.eofReceived(), Error, "on purpose");
  assertEquals(protocol.calls, ["eofReceived"]);
});

Deno.test("RecordingProtocol.until() resolves at once for what was called already", async () => {
  const protocol = new RecordingProtocol();
  protocol.eofReceived();
  await protocol.until("eofReceived");
});

Deno.test("RecordingProtocol.until() waits for as many calls as are asked for", async () => {
  const protocol = new RecordingProtocol();
  let isDone = false;
  const done = protocol.until("dataReceived", { count: 2 }).then(() => isDone = true);
  protocol.dataReceived(bytes("x"));
  await Promise.resolve();
  assertEquals(isDone, false);
  protocol.dataReceived(bytes("y"));
  await done;
});

Deno.test("RecordingProtocol.untilReceived() waits for as many bytes", async () => {
  const protocol = new RecordingProtocol();
  const done = protocol.untilReceived(3);
  protocol.dataReceived(bytes("ab"));
  protocol.dataReceived(bytes("cd"));
  await done;
  assertEquals(protocol.receivedLength, 4);
});

Deno.test("RecordingProtocol.until() resolves for connectionLost itself", async () => {
  const protocol = new RecordingProtocol();
  const lost = protocol.until("connectionLost");
  protocol.connectionLost(null);
  await lost;
});

Deno.test("RecordingProtocol.until() rejects when the connection ends first", async () => {
  const protocol = new RecordingProtocol();
  const waits = [protocol.until("eofReceived"), protocol.untilReceived(7)];
  const failure = new Error("the network");
  const results = Promise.allSettled(waits);
  protocol.connectionLost(failure);
  const reasons = (await results).map((result) => result.status === "rejected" && result.reason);
  for (const reason of reasons) {
    assertEquals(reason instanceof ConnectionLostError && reason.cause, failure);
  }
  const error = await assertRejects(
    () => protocol.until("dataReceived", { count: 2 }),
    ConnectionLostError,
  );
  assertEquals(
    error.message,
    "Cannot wait for call 2 of dataReceived: the connection ended after connectionLost",
  );
});

Deno.test("RecordingProtocol.until() ends with the reason of its signal", async () => {
  const protocol = new RecordingProtocol();
  const reason = new Error("enough");
  const controller = new AbortController();
  const wait = protocol.until("eofReceived", { signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => wait), reason);
  assertStrictEquals(
    await assertRejects(() => protocol.untilReceived(1, { signal: controller.signal })),
    reason,
  );
  protocol.connectionLost(null);
});
