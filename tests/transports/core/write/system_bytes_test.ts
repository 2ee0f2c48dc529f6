import { assertEquals } from "@std/assert";
import type { SystemBytes } from "../../../../transports/core/write/system_bytes.ts";
import { settle, stateOf } from "../../../support/time/event_loop.ts";
import { FakeCarrier } from "../../../support/doubles/fake_carrier.ts";
import { recordedOutbound } from "../../../support/doubles/recorded_outbound.ts";

/** Bytes of the system that a test sends: each call takes what the next answer says. */
class FakeBytes implements SystemBytes {
  readonly asked: number[] = [];
  ends = 0;
  readonly #answers: (number | Promise<number>)[];

  constructor(...answers: (number | Promise<number>)[]) {
    this.#answers = answers;
  }

  send(most: number): number | Promise<number> {
    this.asked.push(most);
    return this.#answers.shift() ?? new Promise(() => {});
  }

  end(): void {
    this.ends++;
  }
}

Deno.test("Outbound sends bytes of the system in their place, and counts them", async () => {
  const carrier = new FakeCarrier();
  const { outbound } = recordedOutbound(carrier);
  const bytes = new FakeBytes(10, Promise.resolve(30), 60);
  outbound.push(Uint8Array.of(1), false);
  outbound.pushSystem(bytes, 100);
  outbound.push(Uint8Array.of(2), false);
  outbound.commit();
  outbound.flush();
  assertEquals([bytes.asked, outbound.size], [[], 102]);
  (await carrier.pending).take();
  await settle();
  assertEquals([bytes.asked, bytes.ends], [[100, 90, 60], 1]);
  assertEquals((await carrier.pending).bytes, Uint8Array.of(2));
  (await carrier.pending).take();
  await settle();
  assertEquals([outbound.sent, outbound.size, outbound.isFlushed], [102, 0, true]);
});

Deno.test("Outbound drops bytes that the system does not have, and pending waits continue", async () => {
  const carrier = new FakeCarrier();
  const { outbound, events } = recordedOutbound(carrier, { high: 50, low: 10 });
  const first = Promise.withResolvers<number>();
  const bytes = new FakeBytes(first.promise, 0);
  outbound.pushSystem(bytes, 100);
  outbound.commit();
  outbound.flush();
  outbound.push(Uint8Array.of(7), false);
  const sent = outbound.sentQueue?.wait() ?? Promise.reject(new Error("Nothing is queued"));
  first.resolve(40);
  await settle();
  assertEquals([bytes.asked, bytes.ends, outbound.sent, outbound.size], [[100, 60], 1, 40, 1]);
  assertEquals(await stateOf(sent), "pending");
  (await carrier.pending).take();
  await sent;
  assertEquals([outbound.sent, outbound.size], [41, 0]);
  assertEquals(events, ["pause 100", "resume 1", "flushed"]);
});

Deno.test("Outbound ends the bytes of the system that it drops, once", async () => {
  const { outbound } = recordedOutbound(new FakeCarrier());
  const all = [new FakeBytes(), new FakeBytes()];
  for (const bytes of all) outbound.pushSystem(bytes, 10);
  outbound.flush();
  outbound.stop();
  outbound.stop();
  await settle();
  assertEquals(all.map(({ ends }) => ends), [1, 1]);
});

Deno.test("Outbound fails when the system cannot send", async () => {
  const { outbound, events } = recordedOutbound(new FakeCarrier());
  const bytes = new FakeBytes(Promise.reject(new Error("Cable cut")));
  outbound.pushSystem(bytes, 10);
  outbound.flush();
  await settle();
  assertEquals(events, ["failed Error: Cable cut"]);
  outbound.stop();
  assertEquals(bytes.ends, 1);
});
