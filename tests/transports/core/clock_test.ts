import { assert, assertEquals } from "@std/assert";
import {
  type Clock,
  clockFor,
  Pause,
  settlesInTime,
  startTimer,
  systemClock,
} from "../../../transports/core/clock.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

const DAY_MS = 86_400_000;

/** A clock that notes what it is asked for. */
class NotingClock extends ManualClock implements Clock {
  readonly asked: number[] = [];

  override after(milliseconds: number, callback: () => void): () => void {
    this.asked.push(milliseconds);
    return super.after(milliseconds, callback);
  }
}

Deno.test("startTimer() calls back once after the time", () => {
  const clock = new ManualClock();
  let calls = 0;
  startTimer(1000, () => calls++, clock);
  clock.advance(999);
  assertEquals(calls, 0);
  clock.advance(5000);
  assertEquals([calls, clock.timers], [1, 0]);
});

Deno.test("startTimer() never calls back after Infinity, and sets no timer for it", () => {
  const clock = new ManualClock();
  const cancel = startTimer(Infinity, () => assert(false), clock);
  assertEquals(clock.timers, 0);
  cancel();
});

Deno.test("startTimer() splits what no timer takes, and calls back to the millisecond", () => {
  for (const milliseconds of [2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 365 * DAY_MS, 2 ** 40 + 0.5]) {
    const clock = new NotingClock();
    const calledAt: number[] = [];
    startTimer(milliseconds, () => calledAt.push(clock.now()), clock);
    clock.advance(2 ** 41);
    assertEquals(calledAt, [milliseconds]);
    assert(clock.asked.every((asked) => asked > 0 && asked <= 2 ** 31 - 1));
    assertEquals(clock.asked.length, Math.ceil(milliseconds / (2 ** 31 - 1)));
  }
});

Deno.test("startTimer() is cancelled in any of the parts of a long time", () => {
  for (const passed of [0, 20 * DAY_MS, 40 * DAY_MS]) {
    const clock = new ManualClock();
    const cancel = startTimer(60 * DAY_MS, () => assert(false), clock);
    clock.advance(passed);
    cancel();
    cancel();
    assertEquals(clock.timers, 0);
    clock.advance(100 * DAY_MS);
  }
});

Deno.test("settlesInTime() tells whether a promise settled, fulfilled or rejected", async () => {
  assertEquals(await settlesInTime(Promise.resolve(), 10_000), true);
  assertEquals(await settlesInTime(Promise.reject(new Error("No")), 10_000), true);
  assertEquals(await settlesInTime(Promise.resolve(), Infinity), true);
  assertEquals(await settlesInTime(new Promise(() => {}), 1), false);
});

Deno.test("settlesInTime() waits no longer than its signal, and leaves no listener on it", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  assertEquals(await settlesInTime(Promise.resolve(), 10_000, signal), true);
  assertEquals(listeners, 0);
  const waiting = settlesInTime(new Promise(() => {}), Infinity, signal);
  controller.abort();
  assertEquals(await waiting, false);
  assertEquals(listeners, 0);
  assertEquals(await settlesInTime(Promise.resolve(), 10_000, signal), false);
});

Deno.test("Pause.end() ends the wait under way, and its timer", async () => {
  const clock = new ManualClock();
  const pause = new Pause();
  pause.end();
  const waiting = pause.wait(1000, clock);
  assertEquals(clock.timers, 1);
  pause.end();
  await waiting;
  assertEquals(clock.timers, 0);
  const again = pause.wait(1000, clock);
  clock.advance(1000);
  await again;
});

Deno.test("clockFor() keeps the process alive where there is no socket to do that", () => {
  assertEquals(clockFor(new RecordingTransport({})), systemClock);
  const connected = new RecordingTransport({}, { extraInfo: { socket: {} } });
  assert(clockFor(connected) !== systemClock);
  // Both are clocks: the timer of the second does not hold up the end of this test.
  clockFor(connected).after(60_000, () => {})();
});
