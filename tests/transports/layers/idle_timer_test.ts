import { assert, assertEquals } from "@std/assert";
import { IdleTimer } from "../../../transports/layers/idle_timer.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

const DAY_MS = 86_400_000;

Deno.test("IdleTimer calls back after a long time in which nothing happened", () => {
  const clock = new ManualClock();
  let idleAt = 0;
  const timer = new IdleTimer(30 * DAY_MS, () => idleAt = clock.now(), clock);
  clock.advance(29 * DAY_MS);
  timer.touch();
  clock.advance(29 * DAY_MS);
  assertEquals(idleAt, 0);
  clock.advance(2 * DAY_MS);
  assertEquals(idleAt, 59 * DAY_MS);
  new IdleTimer(Infinity, () => assert(false), clock).stop();
  assertEquals(clock.timers, 0);
});
