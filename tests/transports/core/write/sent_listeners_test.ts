import { assertEquals } from "@std/assert";
import { SentListeners } from "../../../../transports/core/write/sent_listeners.ts";
import { stateOf } from "../../../support/time/event_loop.ts";

Deno.test("SentListeners.tell() ends the waits for as many bytes as were sent, or fewer", async () => {
  const listeners = new SentListeners();
  const waits = [10, 10, 15, 20].map((sent) => listeners.waitsFor(sent).wait());
  const states = () => Promise.all(waits.map(stateOf));
  listeners.tell(9, 0);
  assertEquals(await states(), ["pending", "pending", "pending", "pending"]);
  listeners.tell(15, 0);
  assertEquals(await states(), ["fulfilled", "fulfilled", "fulfilled", "pending"]);
  listeners.endWaits();
  await waits[3];
});

Deno.test("SentListeners.tell() has waits end earlier when bytes are missing", async () => {
  const listeners = new SentListeners();
  const waits = [10, 30].map((sent) => listeners.waitsFor(sent).wait());
  listeners.tell(4, 6);
  await waits[0];
  assertEquals(await stateOf(waits[1] ?? Promise.reject()), "pending");
  listeners.tell(24, 0);
  await waits[1];
});

Deno.test("SentListeners.watch() calls back each time until it is ended, also in a callback", () => {
  const listeners = new SentListeners();
  const calls: string[] = [];
  const stopFirst = listeners.watch(() => {
    calls.push("first");
    stopFirst();
  });
  const stopSecond = listeners.watch(() => calls.push("second"));
  listeners.tell(1, 0);
  listeners.tell(2, 0);
  stopSecond();
  listeners.tell(3, 0);
  assertEquals(calls, ["first", "second", "second"]);
});
