import { assertEquals } from "@std/assert";
import { flushSoon } from "../../../../transports/core/write/flush_scheduler.ts";
import { settled } from "../../../support/fake_carrier.ts";

Deno.test("flushSoon() flushes each target at the end of the turn, in order", async () => {
  const flushed: string[] = [];
  flushSoon({ flush: () => void flushed.push("a") });
  flushSoon({ flush: () => void flushed.push("b") });
  await Promise.resolve();
  assertEquals(flushed, []);
  await settled();
  assertEquals(flushed, ["a", "b"]);
});

Deno.test("flushSoon() inside a flush waits for the next turn", async () => {
  const flushed: string[] = [];
  const again = { flush: () => void flushed.push("again") };
  flushSoon({
    flush: () => {
      flushed.push("first");
      flushSoon(again);
    },
  });
  await settled();
  await settled();
  assertEquals(flushed, ["first", "again"]);
});
