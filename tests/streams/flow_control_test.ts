import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { FlowControl } from "../../streams/_flow_control.ts";
import { RecordingTransport } from "../../testing/recording_transport.ts";
import { settle, stateOf, turn } from "../support/event_loop.ts";

/** A writer's flow over a peer that does not read; pauses above 10 bytes, resumes at 4. */
function stalled(queued: string): { flow: FlowControl; transport: RecordingTransport } {
  const flow = new FlowControl();
  const transport = new RecordingTransport(flow.asProtocol(), {
    writeBufferLimits: { high: 10, low: 4 },
  });
  transport.start();
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
  transport.drain(6);
  assertEquals(await stateOf(draining), "pending");
  transport.drain(1);
  await draining;
  assertEquals(transport.getWriteBufferSize(), 4);
});

Deno.test("FlowControl.drain() lets everybody go on who waits", async () => {
  const { flow, transport } = stalled("12345678901");
  const waits = Array.from({ length: 5 }, () => flow.drain());
  assertEquals(await stateOf(Promise.race(waits)), "pending");
  transport.drain();
  await Promise.all(waits);
});

Deno.test("FlowControl.drain() rejects for everybody who waits when the connection fails", async () => {
  const { flow, transport } = stalled("12345678901");
  const waits = Array.from({ length: 3 }, () => flow.drain());
  const error = new Error("Cable cut");
  transport.lose(error);
  for (const wait of waits) assertStrictEquals(await assertRejects(() => wait), error);
  assertStrictEquals(await assertRejects(() => flow.drain()), error);
});

Deno.test("FlowControl.drain() lets those go on who wait at an orderly end, and rejects from then on", async () => {
  const { flow, transport } = stalled("12345678901");
  const draining = flow.drain();
  transport.close();
  transport.drain();
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
  transport.drain();
  await second;
  assertEquals(transport.writtenText, "12345678901");
});

Deno.test("FlowControl.drain() while the connection is closing waits like before, then rejects", async () => {
  const { flow, transport } = stalled("12345678901");
  transport.close();
  const draining = flow.drain();
  assertEquals(await stateOf(draining), "pending");
  transport.drain();
  await draining;
  await assertRejects(() => flow.drain(), ConnectionLostError);
});

Deno.test("FlowControl.drain() directly after close() rejects: the loss is told first", async () => {
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

Deno.test("FlowControl.flush() resolves when the queue is empty, after drain()", async () => {
  const { flow, transport } = stalled("12345678901");
  const done: string[] = [];
  const drained = flow.drain().then(() => done.push("drain"));
  transport.drain(7);
  await drained;
  const flushed = flow.flush().then(() => done.push("flush"));
  transport.drain(3);
  await settle();
  assertEquals(done, ["drain"]);
  transport.drain(1);
  await flushed;
  assertEquals(done, ["drain", "flush"]);
});

Deno.test("FlowControl.flush() resolves at once when nothing is queued", async () => {
  const { flow, transport } = stalled("");
  await flow.flush();
  assertEquals(transport.calls.map(({ method }) => method), ["write"]);
});

Deno.test("FlowControl.flush() leaves the limits as they were", async () => {
  const { flow, transport } = stalled("12");
  const flushes = [flow.flush(), flow.flush()];
  assertEquals(await stateOf(Promise.race(flushes)), "pending");
  transport.drain();
  await Promise.all(flushes);
  assertEquals(transport.getWriteBufferLimits(), { high: 10, low: 4 });
  transport.stall();
  transport.write("1234567890");
  await flow.drain();
});

Deno.test("FlowControl.flush() waits also for what is written meanwhile", async () => {
  const { flow, transport } = stalled("12");
  const flushing = flow.flush();
  transport.drain(1);
  transport.write("345");
  transport.drain(1);
  assertEquals(await stateOf(flushing), "pending");
  transport.drain(3);
  await flushing;
});

Deno.test("FlowControl.flush() stops waiting when its signal aborts; what is queued is still sent", async () => {
  const { flow, transport } = stalled("12");
  const controller = new AbortController();
  const reason = new Error("Enough");
  const [first, second] = [flow.flush(controller.signal), flow.flush()];
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => first), reason);
  assertStrictEquals(await assertRejects(() => flow.flush(controller.signal)), reason);
  transport.drain();
  await second;
  assertEquals(transport.getWriteBufferLimits(), { high: 10, low: 4 });
});

Deno.test("FlowControl.flush() rejects when bytes were dropped by abort()", async () => {
  const { flow, transport } = stalled("12");
  const before = flow.flush();
  transport.abort();
  // In the turn of abort(), when the protocol was not told yet, and after it.
  const during = flow.flush();
  for (const flushing of [before, during]) {
    await assertRejects(() => flushing, ConnectionLostError, "Connection lost");
  }
  await assertRejects(() => flow.flush(), ConnectionLostError, "Connection lost");
});

Deno.test("FlowControl.flush() rejects with the failure that ended the connection", async () => {
  const { flow, transport } = stalled("12");
  const error = new Error("Cable cut");
  const flushing = flow.flush();
  transport.lose(error);
  assertStrictEquals(await assertRejects(() => flushing), error);
  assertStrictEquals(await assertRejects(() => flow.flush()), error);
});

Deno.test("FlowControl.flush() resolves after close() once everything is sent, and when it was", async () => {
  const { flow, transport } = stalled("12");
  transport.close();
  const flushing = flow.flush();
  assertEquals(await stateOf(flushing), "pending");
  transport.drain();
  await flushing;
  await transport.closed;
  await flow.flush();
});

Deno.test("FlowControl.waitClosed() resolves at an orderly end, for everybody and ever after", async () => {
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

Deno.test("FlowControl.waitClosed() stops waiting when its signal aborts and ends nothing", async () => {
  const { flow, transport } = stalled("");
  const controller = new AbortController();
  const waiting = flow.waitClosed(controller.signal);
  const reason = new Error("Enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting), reason);
  assertStrictEquals(await assertRejects(() => flow.waitClosed(controller.signal)), reason);
  assertEquals(transport.isClosing(), false);
});
