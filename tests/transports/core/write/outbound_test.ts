import { assertEquals, assertThrows } from "@std/assert";
import type { Outbound } from "../../../../transports/core/write/outbound.ts";
import { settle } from "../../../support/time/event_loop.ts";
import { FakeCarrier } from "../../../support/doubles/fake_carrier.ts";
import { recordedOutbound } from "../../../support/doubles/recorded_outbound.ts";

/** An outgoing half over a carrier that the test drives. */
function outboundOver(
  limits?: { high?: number; low?: number },
): { outbound: Outbound; carrier: FakeCarrier; events: string[] } {
  const carrier = new FakeCarrier();
  return { carrier, ...recordedOutbound(carrier, limits) };
}

function send(outbound: Outbound, ...values: number[]): void {
  outbound.push(Uint8Array.from(values), false);
  outbound.commit();
}

Deno.test("Outbound sends what one turn wrote as one operation", async () => {
  const { outbound, carrier, events } = outboundOver();
  send(outbound, 1);
  send(outbound, 2, 3);
  assertEquals([carrier.isWriting, outbound.isFlushed], [false, false]);
  (await carrier.pending).take();
  await settle();
  assertEquals(carrier.written, new Uint8Array([1, 2, 3]));
  assertEquals([outbound.sent, outbound.size, outbound.isFlushed], [3, 0, true]);
  assertEquals(events, ["flushed"]);
});

Deno.test("Outbound does not wait for the end of the turn with 16 KiB", () => {
  const { outbound, carrier } = outboundOver();
  outbound.push(new Uint8Array(16_384), false);
  outbound.commit();
  assertEquals(carrier.isWriting, true);
  outbound.stop();
});

Deno.test("Outbound.flush() sends at once, and once", async () => {
  const { outbound, carrier } = outboundOver();
  send(outbound, 1);
  outbound.flush();
  outbound.flush();
  assertEquals(carrier.calls, ["write"]);
  (await carrier.pending).take();
  await settle();
  outbound.flush();
  assertEquals(carrier.calls, ["write"]);
});

Deno.test("Outbound has one operation under way and sends the rest as the next", async () => {
  const { outbound, carrier } = outboundOver();
  send(outbound, 1);
  outbound.flush();
  send(outbound, 2);
  send(outbound, 3);
  await settle();
  assertEquals(carrier.calls, ["write"]);
  (await carrier.pending).take();
  assertEquals((await carrier.pending).bytes, new Uint8Array([2, 3]));
  (await carrier.pending).take();
  await settle();
  assertEquals(carrier.written, new Uint8Array([1, 2, 3]));
});

Deno.test("Outbound sends again what a partial write has left", async () => {
  const { outbound, carrier, events } = outboundOver();
  send(outbound, 1, 2, 3, 4);
  (await carrier.pending).take(1);
  await settle();
  assertEquals([outbound.sent, outbound.size], [1, 3]);
  (await carrier.pending).take(2);
  await settle();
  (await carrier.pending).take();
  await settle();
  assertEquals(carrier.written, new Uint8Array([1, 2, 3, 4]));
  assertEquals(events, ["flushed"]);
});

Deno.test("Outbound reports a failing write and sends nothing more", async () => {
  const { outbound, carrier, events } = outboundOver();
  send(outbound, 1);
  (await carrier.pending).fail(new Error("broken"));
  await settle();
  assertEquals(events, ["failed Error: broken"]);
  outbound.stop();
  send(outbound, 2);
  await settle();
  assertEquals(carrier.calls, ["write"]);
});

Deno.test("Outbound pauses above high and resumes at low, before it asks what is left", async () => {
  const { outbound, carrier, events } = outboundOver({ high: 4, low: 2 });
  send(outbound, 1, 2, 3, 4);
  assertEquals(outbound.paused, false);
  send(outbound, 5);
  assertEquals([outbound.paused, events], [true, ["pause 5"]]);
  (await carrier.pending).take(2);
  await settle();
  assertEquals(events, ["pause 5"]);
  (await carrier.pending).take(1);
  await settle();
  assertEquals([outbound.paused, events], [false, ["pause 5", "resume 2"]]);
  (await carrier.pending).take();
  await settle();
  assertEquals(events, ["pause 5", "resume 2", "flushed"]);
});

Deno.test("Outbound.limits pause at once when lowered and do not resume when raised", () => {
  const { outbound, events } = outboundOver({ high: 100 });
  send(outbound, 1, 2, 3);
  outbound.limits = { high: 2, low: 1 };
  assertEquals(outbound.limits, { high: 2, low: 1 });
  outbound.limits = { high: 200 };
  assertEquals([outbound.paused, events], [true, ["pause 3"]]);
  assertThrows(() => outbound.limits = { high: -1 }, RangeError);
  outbound.stop();
});

Deno.test("Outbound.end() ends the direction when everything is sent", async () => {
  const { outbound, carrier, events } = outboundOver();
  send(outbound, 1);
  outbound.end();
  assertEquals(carrier.calls, ["write"]);
  assertEquals(outbound.isFlushed, false);
  (await carrier.pending).take();
  await settle();
  assertEquals(carrier.calls, ["write", "closeWrite"]);
  assertEquals([events, outbound.isFlushed], [[], false]);
  carrier.settleEnd();
  await settle();
  assertEquals([events, outbound.isFlushed], [["flushed"], true]);
});

Deno.test("Outbound.end() of an empty queue ends the direction at once", async () => {
  const { outbound, carrier, events } = outboundOver();
  outbound.end();
  assertEquals(carrier.calls, ["closeWrite"]);
  carrier.settleEnd(new Error("not connected"));
  await settle();
  assertEquals(events, ["failed Error: not connected"]);
});

Deno.test("Outbound.stop() drops the queue and ignores every operation that settles later", async () => {
  for (const outcome of ["take", "fail", "end"] as const) {
    const { outbound, carrier, events } = outboundOver();
    if (outcome === "end") outbound.end();
    else send(outbound, 1, 2);
    await settle();
    outbound.stop();
    assertEquals(outbound.size, 0);
    if (outcome === "take") (await carrier.pending).take();
    else if (outcome === "fail") (await carrier.pending).fail(new Error("interrupted"));
    else carrier.settleEnd();
    await settle();
    assertEquals([events, outbound.sent], [[], 0], outcome);
  }
});

Deno.test("Outbound that is stopped while it waits for the end of the turn sends nothing", async () => {
  const { outbound, carrier } = outboundOver();
  send(outbound, 1);
  outbound.stop();
  await settle();
  assertEquals(carrier.calls, []);
});

Deno.test("Outbound takes a carrier that throws where it should reject", async () => {
  const { outbound, carrier, events } = outboundOver();
  const fail = () => {
    throw new Error("not open");
  };
  Object.assign(carrier, { write: fail, closeWrite: fail });
  send(outbound, 1);
  await settle();
  assertEquals(events, ["failed Error: not open"]);
  outbound.stop();

  const other = outboundOver();
  Object.assign(other.carrier, { closeWrite: fail });
  other.outbound.end();
  assertEquals(other.events, ["failed Error: not open"]);
});

Deno.test("Outbound ends the waits for bytes that the system has not after all", async () => {
  const { outbound, events } = outboundOver();
  const answers = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const [first, second] = answers;
  let ended = 0;
  outbound.pushSystem({ send: () => answers.shift()?.promise ?? 0, end: () => ended++ }, 1000);
  outbound.flush();
  const waits = [outbound.sentQueue?.wait()];
  first?.resolve(10);
  await settle();
  waits.push(outbound.sentQueue?.wait());
  second?.resolve(0);
  await Promise.all(waits);
  assertEquals([outbound.sent, outbound.size, ended], [10, 0, 1]);
  // Those that come later wait for their own bytes.
  const third = Promise.withResolvers<number>();
  outbound.pushSystem({ send: () => third.promise, end: () => ended++ }, 5);
  outbound.flush();
  const later = outbound.sentQueue?.wait();
  third.resolve(5);
  await later;
  assertEquals([outbound.sent, ended, events], [15, 2, ["flushed", "flushed"]]);
});

Deno.test("Outbound.flush() tells that all is sent when the system has nothing at once", () => {
  const { outbound, events } = outboundOver();
  outbound.pushSystem({ send: () => 0, end: () => {} }, 1000);
  outbound.flush();
  assertEquals([outbound.sent, outbound.size, events], [0, 0, ["flushed"]]);
});
