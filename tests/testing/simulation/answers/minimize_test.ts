import { assert, assertEquals } from "@std/assert";
import {
  groupFaults,
  sharingAnEnd,
  toSchedule,
} from "../../../../testing/simulation/answers/fault_groups.ts";
import { minimize } from "../../../../testing/simulation/answers/minimize.ts";
import type { ScheduledFault } from "../../../../testing/simulation/faults/faults.ts";

const hundred = Array.from({ length: 100 }, (_, i) => i);

Deno.test("minimize() finds the elements that a failure needs, in their order", async () => {
  for (const needed of [[], [0], [99], [17, 18], [3, 50, 98], [0, 1, 2, 3, 4, 5, 6, 7]]) {
    let tries = 0;
    const found = await minimize(hundred, (part) => {
      tries++;
      assert(part.every((one, i) => i === 0 || one > (part[i - 1] ?? 0)), "not in order");
      return Promise.resolve(needed.every((one) => part.includes(one)));
    });
    assertEquals(found, needed);
    assert(tries < 150, `${tries} tries for ${needed}`);
  }
});

Deno.test("minimize() leaves no element that could be left out", async () => {
  // Any three of the even ones.
  const fails = (part: readonly number[]): boolean => part.filter((i) => i % 2 === 0).length >= 3;
  const found = await minimize(hundred, (part) => Promise.resolve(fails(part)));
  assertEquals(found.length, 3);
});

Deno.test("minimize() keeps the list when nothing can be left out", async () => {
  const found = await minimize([1, 2, 3], (part) => Promise.resolve(part.length === 3));
  assertEquals(found, [1, 2, 3]);
  assertEquals(await minimize([], () => Promise.resolve(true)), []);
});

Deno.test("groupFaults() keeps trouble and its end together", () => {
  const schedule: ScheduledFault[] = [
    { at: 1, fault: { kind: "partition", a: "x", b: "y" } },
    { at: 2, fault: { kind: "stall", host: "x" } },
    { at: 3, fault: { kind: "partition", a: "x", b: "z", oneWay: true } },
    { at: 4, fault: { kind: "heal", a: "x", b: "y" } },
    { at: 5, fault: { kind: "reset", a: "x" } },
    { at: 6, fault: { kind: "lookups", host: "x", delay: 5 } },
    { at: 7, fault: { kind: "unstall", host: "x" } },
    { at: 8, fault: { kind: "lookups", host: "x" } },
    { at: 9, fault: { kind: "link", a: "x", conditions: { loss: 1 } } },
    { at: 10, fault: { kind: "link", a: "x", conditions: null } },
    { at: 11, fault: { kind: "heal" } },
  ];
  const groups = groupFaults(schedule);
  assertEquals(groups.map((group) => group.map(({ at }) => at)), [
    [1, 4],
    [2, 7],
    [3, 11],
    [5],
    [6, 8],
    [9, 10],
  ]);
  assertEquals(toSchedule(groups), schedule);
});

Deno.test("groupFaults() makes one group of all trouble that one fault mends", () => {
  const schedule: ScheduledFault[] = [
    { at: 1, fault: { kind: "partition", a: "x", b: "y" } },
    { at: 2, fault: { kind: "hold", a: "x" } },
    { at: 3, fault: { kind: "partition", a: "z" } },
    { at: 4, fault: { kind: "heal" } },
    { at: 5, fault: { kind: "heal", a: "z" } },
  ];
  const groups = groupFaults(schedule);
  assertEquals(groups.map((group) => group.map(({ at }) => at)), [[1, 3, 4], [2], [5]]);
});

Deno.test("groupFaults() makes one group of trouble that overlaps with its like, but not of resets", () => {
  const schedule: ScheduledFault[] = [
    { at: 1, fault: { kind: "partition", a: "x", b: "y" } },
    { at: 2, fault: { kind: "reset", a: "x" } },
    { at: 3, fault: { kind: "partition", a: "x", b: "y" } },
    { at: 4, fault: { kind: "reset", a: "x" } },
    { at: 5, fault: { kind: "heal", a: "x", b: "y" } },
    { at: 6, fault: { kind: "heal", a: "x", b: "y" } },
  ];
  const groups = groupFaults(schedule);
  assertEquals(groups.map((group) => group.map(({ at }) => at)), [[1, 3, 5], [2], [4], [6]]);
  assertEquals(sharingAnEnd(schedule).map(({ at }) => at), [1, 3]);
});
