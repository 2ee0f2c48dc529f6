import { assertEquals, assertThrows } from "@std/assert";
import {
  resolveWriteBufferLimits,
  WaterMarks,
} from "../../../../transports/core/write/water_marks.ts";

Deno.test("resolveWriteBufferLimits() fills in what asyncio would", () => {
  assertEquals(resolveWriteBufferLimits(), { high: 65_536, low: 16_384 });
  assertEquals(resolveWriteBufferLimits({ high: 7 }), { high: 7, low: 1 });
  assertEquals(resolveWriteBufferLimits({ low: 10 }), { high: 40, low: 10 });
  assertEquals(resolveWriteBufferLimits({ high: 0 }), { high: 0, low: 0 });
  assertEquals(resolveWriteBufferLimits({ high: 5, low: 5 }), { high: 5, low: 5 });
  assertEquals(resolveWriteBufferLimits({ high: Infinity, low: 0 }), { high: Infinity, low: 0 });
});

Deno.test("resolveWriteBufferLimits() throws RangeError with both values", () => {
  for (const wrong of [{ high: 1, low: 2 }, { high: -1 }, { low: -1 }, { high: NaN }]) {
    assertThrows(() => resolveWriteBufferLimits(wrong), RangeError);
  }
  assertThrows(
    () => resolveWriteBufferLimits({ high: 1, low: 2 }),
    RangeError,
    "Cannot set write buffer limits: high (1) must be >= low (2) must be >= 0",
  );
});

Deno.test("WaterMarks pause above high and resume at low, in turn", () => {
  const marks = new WaterMarks({ high: 10, low: 4 });
  assertEquals(marks.pausesAt(10), false);
  assertEquals(marks.resumesAt(0), false);
  assertEquals([marks.pausesAt(11), marks.paused], [true, true]);
  assertEquals(marks.pausesAt(99), false);
  assertEquals(marks.resumesAt(5), false);
  assertEquals([marks.resumesAt(4), marks.paused], [true, false]);
  assertEquals(marks.resumesAt(0), false);
  assertEquals(marks.pausesAt(11), true);
});

Deno.test("WaterMarks with high 0 pause for one byte and resume at none", () => {
  const marks = new WaterMarks({ high: 0 });
  assertEquals(marks.pausesAt(0), false);
  assertEquals(marks.pausesAt(1), true);
  assertEquals(marks.resumesAt(1), false);
  assertEquals(marks.resumesAt(0), true);
});

Deno.test("WaterMarks.limits can be exchanged, and stay when the new ones are wrong", () => {
  const marks = new WaterMarks();
  marks.limits = { low: 3 };
  assertEquals(marks.limits, { high: 12, low: 3 });
  assertThrows(() => marks.limits = { high: -5 }, RangeError);
  assertEquals(marks.limits, { high: 12, low: 3 });
});
