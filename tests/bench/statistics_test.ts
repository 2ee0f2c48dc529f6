import { assertEquals, assertThrows } from "@std/assert";
import { medianOf, noiseOf, ratiosOf, spreadOf } from "../../bench/harness/statistics.ts";

Deno.test("medianOf() takes the middle one of an odd number, in any order", () => {
  assertEquals(medianOf([9, 1, 5]), 5);
  assertEquals(medianOf([7]), 7);
});

Deno.test("medianOf() takes the mean of the two in the middle of an even number", () => {
  assertEquals(medianOf([4, 1, 100, 2]), 3);
});

Deno.test("medianOf() sorts as numbers, not as text", () => {
  assertEquals(medianOf([10, 9, 100]), 10);
});

Deno.test("medianOf() leaves its argument as it was", () => {
  const values = [3, 1, 2];
  medianOf(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("medianOf() throws a RangeError when there are no values", () => {
  assertThrows(() => medianOf([]), RangeError, "there are no values");
});

Deno.test("spreadOf() passes over rounds without a value", () => {
  assertEquals(spreadOf([null, 4, 2, null, 9]), { median: 4, low: 2, high: 9, count: 3 });
});

Deno.test("spreadOf() gives null when no round has a value", () => {
  assertEquals(spreadOf([null, null]), null);
  assertEquals(spreadOf([]), null);
});

Deno.test("ratiosOf() divides by the base of the same round", () => {
  assertEquals(ratiosOf([10, 40], [5, 10]), [2, 4]);
});

Deno.test("ratiosOf() gives null where a value or the base is missing or zero", () => {
  assertEquals(ratiosOf([10, null, 10, 10], [5, 5, null, 0]), [2, null, null, null]);
  assertEquals(ratiosOf([10, 10], [5]), [2, null]);
});

Deno.test("noiseOf() is half the range as a share of the median", () => {
  assertEquals(noiseOf({ median: 10, low: 9, high: 12, count: 3 }), 0.15);
  assertEquals(noiseOf({ median: 10, low: 10, high: 10, count: 2 }), 0);
});

Deno.test("noiseOf() is infinite for a single measurement and for a median of zero", () => {
  assertEquals(noiseOf({ median: 10, low: 10, high: 10, count: 1 }), Infinity);
  assertEquals(noiseOf({ median: 0, low: 0, high: 4, count: 3 }), Infinity);
});
