import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, InvalidStateError } from "../../../protocols/errors.ts";
import { FlowControl } from "../../../streams/writing/flow_control.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { settle, stateOf, turn } from "../../support/time/event_loop.ts";
import { foreignTransport } from "../../support/doubles/foreign_transport.ts";

/**
 * A writer's flow over a peer that does not read; pauses above 10 bytes, resumes at 4. A foreign
 * transport does not tell how much is sent.
 */
function stalled(
  queued: string,
  kind: "own" | "foreign" = "own",
): { flow: FlowControl; transport: RecordingTransport } {
  const flow = new FlowControl();
  const transport = new RecordingTransport(flow.asProtocol(), {
    writeBufferLimits: { high: 10, low: 4 },
  });
  transport.start();
  if (kind === "foreign") flow.transport = foreignTransport(transport);
  transport.stall();
  transport.write(queued);
  return { flow, transport };
}

Deno.test("FlowControl.drain() resolves at once up to the high-water mark", async () => {
  const { flow } = stalled("1234567890");
  const order: string[] = [];
  const draining = flow.drain().then(() => order.push("drained"));
  await turn();
  order.push("a turn of the event loop");
  await draining;
  assertEquals(order, ["drained", "a turn of the event loop"]);
});

Deno.test("FlowControl.drain() waits above the high-water mark until the queue is at the low one", async () => {
  const { flow, transport } = stalled("12345678901");
  const draining = flow.drain();
  await transport.drain(6);
  assertEquals(await stateOf(draining), "pending");
  await transport.drain(1);
  await draining;
  assertEquals(transport.getWriteBufferSize(), 4);
});

Deno.test("FlowControl.drain() resolves for every caller", async () => {
  const { flow, transport } = stalled("12345678901");
  const waits = Array.from({ length: 5 }, () => flow.drain());
  assertEquals(await stateOf(Promise.race(waits)), "pending");
  await transport.drain();
  await Promise.all(waits);
});

Deno.test("FlowControl.drain() rejects for every caller when the connection fails", async () => {
  const { flow, transport } = stalled("12345678901");
  const waits = Array.from({ length: 3 }, () => flow.drain());
  const error = new Error("Cable cut");
  transport.lose(error);
  for (const wait of waits) assertStrictEquals(await assertRejects(() => wait), error);
  assertStrictEquals(await assertRejects(() => flow.drain()), error);
});

Deno.test("FlowControl.drain() resolves pending calls when the connection closes cleanly, and rejects later ones", async () => {
  const { flow, transport } = stalled("12345678901");
  const draining = flow.drain();
  transport.close();
  await transport.drain();
  await draining;
  await transport.closed;
  await assertRejects(() => flow.drain(), ConnectionLostError, "Connection lost");
});

Deno.test("FlowControl.drain() stops waiting when its signal aborts; others go on waiting", async () => {
  const { flow, transport } = stalled("12345678901");
  const controller = new AbortController();
  const [first, second] = [flow.drain(controller.signal), flow.drain()];
  const reason = new Error("Enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => first), reason);
  assertStrictEquals(await assertRejects(() => flow.drain(controller.signal)), reason);
  assertEquals(await stateOf(second), "pending");
  await transport.drain();
  await second;
  assertEquals(transport.writtenText, "12345678901");
});

Deno.test("FlowControl.drain() while the connection is closing waits like before, then rejects", async () => {
  const { flow, transport } = stalled("12345678901");
  transport.close();
  const draining = flow.drain();
  assertEquals(await stateOf(draining), "pending");
  await transport.drain();
  await draining;
  await assertRejects(() => flow.drain(), ConnectionLostError);
});

Deno.test("FlowControl.drain() directly after close() rejects: connectionLost comes first", async () => {
  const { flow, transport } = stalled("");
  transport.close();
  await assertRejects(() => flow.drain(), ConnectionLostError);
});

Deno.test("FlowControl.drain() rejects before there is a connection", async () => {
  await assertRejects(
    async () => await new FlowControl().drain(),
    InvalidStateError,
    "not connected",
  );
});

Deno.test("FlowControl.drain() in a loop ends when the connection fails: it does not spin", async () => {
  const { flow, transport } = stalled("");
  let rounds = 0;
  const loop = (async () => {
    for (;;) {
      transport.write("x");
      await flow.drain();
      if (++rounds === 3) transport.abort(new Error("Cable cut"));
      assert(rounds < 10, "The loop goes on after the end");
    }
  })();
  await assertRejects(() => loop, Error, "Cable cut");
});

for (const kind of ["own", "foreign"] as const) {
  Deno.test(`FlowControl.flush() resolves when the queue is empty, after drain() (${kind} transport)`, async () => {
    const { flow, transport } = stalled("12345678901", kind);
    const done: string[] = [];
    const drained = flow.drain().then(() => done.push("drain"));
    await transport.drain(7);
    await drained;
    const flushed = flow.flush().then(() => done.push("flush"));
    await transport.drain(3);
    await settle();
    assertEquals(done, ["drain"]);
    await transport.drain(1);
    await flushed;
    assertEquals(done, ["drain", "flush"]);
  });

  Deno.test(`FlowControl.flush() resolves at once when nothing is queued (${kind} transport)`, async () => {
    const { flow, transport } = stalled("", kind);
    await flow.flush();
    assertEquals(transport.calls.map(({ method }) => method), ["write"]);
  });

  Deno.test(`FlowControl.flush() leaves the limits as they were (${kind} transport)`, async () => {
    const { flow, transport } = stalled("12", kind);
    const flushes = [flow.flush(), flow.flush()];
    assertEquals(await stateOf(Promise.race(flushes)), "pending");
    await transport.drain();
    await Promise.all(flushes);
    assertEquals(transport.getWriteBufferLimits(), { high: 10, low: 4 });
    transport.stall();
    transport.write("1234567890");
    await flow.drain();
  });
}

Deno.test("FlowControl.flush() also waits for later writes, over a foreign transport", async () => {
  const { flow, transport } = stalled("12", "foreign");
  const flushing = flow.flush();
  await transport.drain(1);
  transport.write("345");
  await transport.drain(1);
  assertEquals(await stateOf(flushing), "pending");
  await transport.drain(3);
  await flushing;
});

for (const kind of ["own", "foreign"] as const) {
  Deno.test(`FlowControl.flush() rejects when its signal aborts; queued bytes are still sent (${kind} transport)`, async () => {
    const { flow, transport } = stalled("12", kind);
    const controller = new AbortController();
    const reason = new Error("Enough");
    const [first, second] = [flow.flush(controller.signal), flow.flush()];
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => first), reason);
    assertStrictEquals(await assertRejects(() => flow.flush(controller.signal)), reason);
    await transport.drain();
    await second;
    assertEquals(transport.getWriteBufferLimits(), { high: 10, low: 4 });
  });

  Deno.test(`FlowControl.flush() rejects when bytes were dropped by abort() (${kind} transport)`, async () => {
    const { flow, transport } = stalled("12", kind);
    const before = flow.flush();
    transport.abort();
    // In the turn of abort(), when the protocol was not told yet, and after it.
    const during = flow.flush();
    for (const flushing of [before, during]) {
      await assertRejects(() => flushing, ConnectionLostError, "Connection lost");
    }
    await assertRejects(() => flow.flush(), ConnectionLostError, "Connection lost");
  });

  Deno.test(`FlowControl.flush() rejects with the failure that ended the connection (${kind} transport)`, async () => {
    const { flow, transport } = stalled("12", kind);
    const error = new Error("Cable cut");
    const flushing = flow.flush();
    transport.lose(error);
    assertStrictEquals(await assertRejects(() => flushing), error);
    assertStrictEquals(await assertRejects(() => flow.flush()), error);
  });

  Deno.test(`FlowControl.flush() resolves after close() once everything is sent, also afterwards (${kind} transport)`, async () => {
    const { flow, transport } = stalled("12", kind);
    transport.close();
    const flushing = flow.flush();
    assertEquals(await stateOf(flushing), "pending");
    await transport.drain();
    await flushing;
    await transport.closed;
    await flow.flush();
  });
}

Deno.test("FlowControl.waitClosed() resolves after a clean close, for every caller, early or late", async () => {
  const { flow, transport } = stalled("");
  const waits = [flow.waitClosed(), flow.waitClosed()];
  assertEquals(await stateOf(Promise.race(waits)), "pending");
  transport.close();
  await Promise.all(waits);
  await flow.waitClosed();
});

Deno.test("FlowControl.waitClosed() resolves after abort() without a reason", async () => {
  const { flow, transport } = stalled("dropped");
  const waiting = flow.waitClosed();
  transport.abort();
  await waiting;
});

Deno.test("FlowControl.waitClosed() rejects with the failure, if one ended the connection", async () => {
  const { flow, transport } = stalled("");
  const waiting = flow.waitClosed();
  const error = new Error("Cable cut");
  transport.lose(error);
  assertStrictEquals(await assertRejects(() => waiting), error);
  assertStrictEquals(await assertRejects(() => flow.waitClosed()), error);
});

Deno.test("FlowControl.waitClosed() rejects when its signal aborts, and closes nothing", async () => {
  const { flow, transport } = stalled("");
  const controller = new AbortController();
  const waiting = flow.waitClosed(controller.signal);
  const reason = new Error("Enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting), reason);
  assertStrictEquals(await assertRejects(() => flow.waitClosed(controller.signal)), reason);
  assertEquals(transport.isClosing(), false);
});
