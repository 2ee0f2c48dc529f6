import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../testing/conformance/random.ts";
import { EventQueue, type ScheduledEvent } from "../../../testing/simulation/engine/event_queue.ts";

/** Takes all events out. */
function drain(queue: EventQueue): ScheduledEvent[] {
  const events: ScheduledEvent[] = [];
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) events.push(event);
  return events;
}

Deno.test("EventQueue gives events by time, those of one moment in their order, cancelled ones never", () => {
  const random = new Random(5);
  const queue = new EventQueue();
  const events = Array.from(
    { length: 3000 },
    (_, i) => queue.push(random.below(100), `${i}`, () => {}),
  );
  const cancelled = new Set(events.filter(() => random.below(3) === 0));
  for (const event of cancelled) queue.cancel(event);
  for (const event of cancelled) queue.cancel(event);
  const expected = events.filter((event) => !cancelled.has(event))
    .toSorted((a, b) => a.at - b.at || a.order - b.order);
  assertEquals(queue.size, expected.length);
  assertEquals(queue.nextAt, expected[0]?.at);
  assertEquals(drain(queue).map(({ owner }) => owner), expected.map(({ owner }) => owner));
});

Deno.test("EventQueue holds no more than twice the events that are pending, beside a thousand", () => {
  const queue = new EventQueue();
  for (let i = 0; i < 100; i++) queue.push(i, "", () => {});
  for (let i = 0; i < 100_000; i++) {
    queue.cancel(queue.push(1e9 + i, "", () => {}));
    assert(queue.held <= 100 + 1024, `${queue.held}`);
  }
  assertEquals(drain(queue).length, 100);
});
