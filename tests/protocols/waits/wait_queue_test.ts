import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { SharedWait, WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import { stateOf } from "../../support/time/event_loop.ts";

Deno.test("WaitQueue.release() resolves every wait, in order, with a signal and without", async () => {
  const queue = new WaitQueue();
  const { signal } = new AbortController();
  const order: number[] = [];
  const waits = [undefined, signal, undefined].map((signal, index) =>
    queue.wait(signal).then(() => order.push(index))
  );
  assertEquals(queue.isEmpty, false);
  queue.release();
  assertEquals(queue.isEmpty, true);
  await Promise.all(waits);
  assertEquals(order, [0, 1, 2]);
});

Deno.test("WaitQueue.release() does not resolve later waits", async () => {
  const queue = new WaitQueue();
  queue.release();
  assertEquals(await stateOf(queue.wait()), "pending");
});

Deno.test("WaitQueue.releaseFirst() ends the longest wait, whose callback runs in the call", async () => {
  const queue = new WaitQueue();
  const order: string[] = [];
  const { signal } = new AbortController();
  const first = queue.wait(undefined, () => void order.push("first"));
  const second = queue.wait(signal, () => {
    throw new RangeError("second");
  });
  const third = queue.wait();
  assertEquals(queue.releaseFirst(), true);
  order.push("released");
  assertEquals(order, ["first", "released"]);
  await first;
  assertEquals([queue.releaseFirst(), queue.releaseFirst()], [true, true]);
  await assertRejects(() => second, RangeError, "second");
  await third;
  assertEquals(queue.releaseFirst(), false);
});

Deno.test("WaitQueue.fail() rejects every wait with the reason, with a signal and without", async () => {
  const queue = new WaitQueue();
  const waits = [queue.wait(), queue.wait(new AbortController().signal)];
  const reason = new Error("Never");
  queue.fail(reason);
  assertEquals(queue.isEmpty, true);
  for (const wait of waits) assertStrictEquals(await assertRejects(() => wait), reason);
});

Deno.test("WaitQueue.wait() leaves the queue during abort(), and no other wait does", async () => {
  const queue = new WaitQueue();
  const controller = new AbortController();
  const reason = new Error("Enough");
  const first = queue.wait(controller.signal);
  controller.abort(reason);
  assertEquals(queue.isEmpty, true);
  assertStrictEquals(await assertRejects(() => first), reason);

  const others = new AbortController();
  const waits = [queue.wait(), queue.wait(others.signal), queue.wait()];
  others.abort();
  await assertRejects(() => waits[1] ?? Promise.resolve());
  queue.release();
  await Promise.all([waits[0], waits[2]]);
});

Deno.test("WaitQueue.wait() does not enter the queue with a signal that is aborted", async () => {
  const queue = new WaitQueue();
  const reason = new Error("Too late");
  const waiting = queue.wait(AbortSignal.abort(reason));
  assertEquals(queue.isEmpty, true);
  assertStrictEquals(await assertRejects(() => waiting), reason);
});

Deno.test("WaitQueue.wait() leaves no listener on the signal, however it ends", async () => {
  const queue = new WaitQueue();
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const count = (name: "addEventListener" | "removeEventListener", by: number) => {
    const method = signal[name].bind(signal) as (...args: unknown[]) => void;
    Object.defineProperty(signal, name, {
      value: (...args: unknown[]) => {
        listeners += by;
        method(...args);
      },
    });
  };
  count("addEventListener", 1);
  count("removeEventListener", -1);
  for (const end of [() => queue.release(), () => queue.fail(new Error("Never"))]) {
    const waiting = queue.wait(signal).catch(() => {});
    assertEquals(listeners, 1);
    end();
    await waiting;
    assertEquals(listeners, 0);
  }
});

Deno.test("WaitQueue loses no wait when a listener of the aborting signal releases the queue", async () => {
  const queue = new WaitQueue();
  const controller = new AbortController();
  controller.signal.addEventListener("abort", () => queue.release());
  const first = queue.wait(controller.signal);
  let second: Promise<void> | undefined;
  controller.signal.addEventListener("abort", () => second = queue.wait());
  controller.abort();
  await first;
  assertEquals(queue.isEmpty, false);
  queue.release();
  await second;
});

Deno.test("SharedWait gives what its promise resolves to, before and after", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const shared = new SharedWait(promise);
  const before = shared.wait();
  resolve(7);
  assertEquals([await before, await shared.wait()], [7, 7]);
});

Deno.test("SharedWait puts one reaction on its promise, however many waits are aborted", async () => {
  let reactions = 0;
  const promise = new Promise<void>(() => {});
  const then = promise.then.bind(promise);
  Object.assign(promise, {
    then: (...args: Parameters<typeof then>) => (reactions++, then(...args)),
  });
  const shared = new SharedWait(promise);
  for (let i = 0; i < 100; i++) {
    const controller = new AbortController();
    const waiting = shared.wait(controller.signal);
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
  }
  assertEquals(reactions, 1);
});
