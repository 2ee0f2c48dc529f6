import { assert, assertEquals } from "@std/assert";
import { Acceptor, type Listener } from "../../../transports/servers/_acceptor.ts";
import { systemClock } from "../../../transports/core/clock.ts";
import { settle } from "../../support/time/event_loop.ts";

/** A listener whose accepts come to what a test says, in order; after that they wait. */
class FakeListener implements Listener<string> {
  readonly outcomes: (string | Error)[];
  accepts = 0;
  closes = 0;
  readonly #closed = Promise.withResolvers<never>();

  constructor(...outcomes: (string | Error)[]) {
    this.outcomes = outcomes;
    this.#closed.promise.catch(() => {});
  }

  accept(): Promise<string> {
    this.accepts++;
    const outcome = this.outcomes.shift();
    if (outcome === undefined) return this.#closed.promise;
    return typeof outcome === "string" ? Promise.resolve(outcome) : Promise.reject(outcome);
  }

  close(): void {
    this.closes++;
    this.#closed.reject(new Deno.errors.BadResource("Listener has been closed"));
  }
}

/** An acceptor over a listener, and what it told. */
function acceptorOver(
  listener: FakeListener,
  room: () => void | Promise<void> = () => {},
): { acceptor: Acceptor<string>; events: string[]; until: (event: string) => Promise<void> } {
  const events: string[] = [];
  const waiters = new Map<string, () => void>();
  const tell = (event: string) => {
    events.push(event);
    waiters.get(event)?.();
  };
  const acceptor = new Acceptor(listener, {
    room,
    onAccept: tell,
    onAcceptError: (error) => tell(`error ${error.message}`),
  });
  const until = (event: string) => new Promise<void>((resolve) => waiters.set(event, resolve));
  return { acceptor, events, until };
}

/** Accepts until an event is told, then stops; gives all events. */
async function acceptUntil(
  event: string,
  listener: FakeListener,
  room?: () => void | Promise<void>,
): Promise<string[]> {
  const { acceptor, events, until } = acceptorOver(listener, room);
  const told = until(event);
  const running = acceptor.run();
  await told;
  acceptor.stop();
  await running;
  return events;
}

const tooManyFiles = () => Object.assign(new Error("Too many open files"), { code: "EMFILE" });

/** Has every timer fire soon, and collects for how long each was meant, in milliseconds. */
function hurryTimers(): Disposable & { readonly waits: number[] } {
  const { setTimeout } = globalThis;
  const waits: number[] = [];
  // The signature has overloads that are not used here.
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    waits.push(ms);
    return setTimeout(callback, 0);
  }) as typeof setTimeout;
  return { waits, [Symbol.dispose]: () => void (globalThis.setTimeout = setTimeout) };
}

/** Has the system's clock of the library go on by a time whenever it is looked at. */
function countedClock(milliseconds: number): Disposable & { readonly looks: number } {
  const { now } = systemClock;
  let looks = 0;
  systemClock.now = () => ++looks * milliseconds;
  return {
    get looks() {
      return looks;
    },
    [Symbol.dispose]: () => void (systemClock.now = now),
  };
}

Deno.test("Acceptor.run() passes accepted connections on, until it is stopped", async () => {
  const listener = new FakeListener("one", "two");
  const { acceptor, events, until } = acceptorOver(listener);
  const two = until("two");
  const running = acceptor.run();
  await two;
  acceptor.stop();
  acceptor.stop();
  await running;
  assertEquals(events, ["one", "two"]);
  assertEquals(listener.closes, 1);
});

Deno.test("Acceptor skips connections that broke before they were accepted", async () => {
  const listener = new FakeListener(
    new Deno.errors.NotConnected("gone"),
    new Deno.errors.ConnectionReset("reset"),
    new Deno.errors.ConnectionAborted("aborted"),
    new Deno.errors.Interrupted("interrupted"),
    "alive",
  );
  using timers = hurryTimers();
  assertEquals(await acceptUntil("alive", listener), ["alive"]);
  assertEquals(timers.waits, []);
});

Deno.test("Acceptor reports a lasting failure once, and again after it worked in between", async () => {
  const failures = (count: number) => Array.from({ length: count }, tooManyFiles);
  const listener = new FakeListener(...failures(3), "first", ...failures(2), "second");
  using _timers = hurryTimers();
  assertEquals(await acceptUntil("second", listener), [
    "error Too many open files",
    "first",
    "error Too many open files",
    "second",
  ]);
});

Deno.test("Acceptor waits 10 ms after a failure and twice as long each time, up to 1 s", async () => {
  const listener = new FakeListener(...Array.from({ length: 10 }, tooManyFiles), "at last");
  using timers = hurryTimers();
  await acceptUntil("at last", listener);
  const expected = [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000];
  assertEquals(timers.waits.length, expected.length);
  expected.forEach((ms, index) => {
    // The clock may move on between the two places that look at it.
    const wait = timers.waits[index] ?? 0;
    assert(wait > ms - 5 && wait <= ms, `wait ${index}: ${wait} ms, not ${ms}`);
  });
});

Deno.test("Acceptor reports a lasting failure once a minute", async () => {
  const listener = new FakeListener(...Array.from({ length: 70 }, tooManyFiles), "at last");
  using timers = hurryTimers();
  using clock = countedClock(1000);
  const told = "error Too many open files";
  assertEquals(await acceptUntil("at last", listener), [told, told, "at last"]);
  assertEquals([timers.waits.length, clock.looks], [70, 70]);
});

Deno.test("Acceptor pauses 10 ms between accepts when every peer is skipped", async () => {
  const gone = () => new Deno.errors.ConnectionReset("gone");
  const listener = new FakeListener(...Array.from({ length: 67 }, gone), "alive");
  using timers = hurryTimers();
  assertEquals(await acceptUntil("alive", listener), ["error gone", "alive"]);
  assertEquals(timers.waits, [10, 10, 10]);
});

Deno.test("Acceptor lets the rest of the program run while every peer is skipped", async () => {
  const listener = new FakeListener();
  listener.accept = () => Promise.reject(new Deno.errors.ConnectionReset("gone"));
  await acceptUntil("error gone", listener);
});

Deno.test("Acceptor.stop() ends the wait after a failure", async () => {
  const listener = new FakeListener(tooManyFiles());
  await acceptUntil("error Too many open files", listener);
  assertEquals(listener.accepts, 1);
});

Deno.test("Acceptor makes an error of what a listener rejects with", async () => {
  const listener = new FakeListener();
  listener.accept = () => listener.accepts++ === 0 ? Promise.reject("text") : new Promise(() => {});
  const { acceptor, until } = acceptorOver(listener);
  const failed = until("error Thrown: text");
  void acceptor.run();
  await failed;
  acceptor.stop();
});

Deno.test("Acceptor accepts nothing while there is no room", async () => {
  const rooms = [Promise.withResolvers<void>()];
  const listener = new FakeListener("one");
  const { acceptor, events, until } = acceptorOver(listener, () => rooms.shift()?.promise);
  const [room] = rooms;
  const one = until("one");
  const running = acceptor.run();
  await settle();
  assertEquals(listener.accepts, 0);
  room?.resolve();
  await one;
  acceptor.stop();
  await running;
  assertEquals(events, ["one"]);
});
