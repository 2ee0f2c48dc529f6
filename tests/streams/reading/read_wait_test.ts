import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { waitSignal } from "../../../protocols/waits/wait_options.ts";
import { ReadWait } from "../../../streams/reading/read_wait.ts";
import { TimeoutError } from "../../../protocols/errors.ts";
import { stateOf } from "../../support/time/event_loop.ts";

Deno.test("ReadWait.offer() has the wait take in the call, and only once", async () => {
  const wait = new ReadWait();
  const items = [1, 2];
  const taking = wait.wait(() => items.shift());
  assertEquals(items, [1, 2]);
  wait.offer();
  wait.offer();
  assertEquals([items, wait.isEmpty], [[2], true]);
  assertEquals(await taking, 1);
});

Deno.test("ReadWait.offer() leaves a wait that takes nothing where it is", async () => {
  const wait = new ReadWait();
  const items: number[] = [];
  const taking = wait.wait(() => items.shift());
  wait.offer();
  assertEquals([wait.isEmpty, await stateOf(taking)], [false, "pending"]);
  items.push(0);
  wait.offer();
  assertEquals(await taking, 0);
});

Deno.test("ReadWait.offer() that a take leads to takes nothing a second time", async () => {
  const wait = new ReadWait();
  const items = [1, 2];
  const taking = wait.wait(() => {
    const item = items.shift();
    wait.offer();
    return item;
  });
  wait.offer();
  assertEquals([await taking, items], [1, [2]]);
});

Deno.test("ReadWait.wait() rejects with what its take throws, and with the reason of fail()", async () => {
  const wait = new ReadWait();
  const taking = wait.wait(() => {
    throw new RangeError("Too much");
  });
  wait.offer();
  await assertRejects(() => taking, RangeError, "Too much");
  const failing = wait.wait(() => undefined);
  const reason = new Error("Never");
  wait.fail(reason);
  assertStrictEquals(await assertRejects(() => failing), reason);
  assert(wait.isEmpty);
});

Deno.test("ReadWait.wait() ends in the call of abort(), takes nothing then, and leaves no listener", async () => {
  const wait = new ReadWait();
  const items = [1];
  const controller = new AbortController();
  const reason = new Error("Enough");
  const first = wait.wait(() => items.shift(), controller.signal);
  controller.abort(reason);
  const second = wait.wait(() => items.shift());
  wait.offer();
  assertStrictEquals(await assertRejects(() => first), reason);
  assertEquals(await second, 1);
  const third = wait.wait(() => items.shift(), controller.signal);
  assertEquals(wait.isEmpty, true);
  await assertRejects(() => third);
});

Deno.test("ReadWait.wait() that took before its signal aborts gives what it took", async () => {
  const wait = new ReadWait();
  const controller = new AbortController();
  controller.signal.addEventListener("abort", () => wait.offer());
  const taking = wait.wait(() => 7, controller.signal);
  controller.abort();
  assertEquals(await taking, 7);
});

Deno.test("ReadWait.offer() that gives nothing ends a wait whose time has passed without a timer", async () => {
  const wait = new ReadWait();
  const taking = wait.wait(() => undefined, waitSignal("take", { timeout: 1 }));
  const end = performance.now() + 2;
  // No timer gets its turn in between.
  while (performance.now() < end);
  wait.offer();
  assert(wait.isEmpty);
  await assertRejects(() => taking, TimeoutError);
});
