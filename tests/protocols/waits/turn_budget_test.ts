import { assertEquals, assertRejects } from "@std/assert";
import { TurnBudget, type TurnSource } from "../../../protocols/waits/turn_budget.ts";

/** Time and turns as a test has them. */
class HandTurned implements TurnSource {
  time = 1000;
  looks = 0;
  readonly marks: (() => void)[] = [];
  readonly turns: (() => void)[] = [];

  now(): number {
    this.looks++;
    return this.time;
  }

  afterThis(callback: () => void): void {
    this.marks.push(callback);
  }

  afterFullTurn(callback: () => void): void {
    this.turns.push(callback);
  }

  /** Steps of so many milliseconds until the budget says stop; returns how many. */
  run(budget: TurnBudget, stepMs: number): number {
    for (let steps = 1;; steps++) {
      this.time += stepMs;
      if (budget.spend()) return steps;
    }
  }
}

Deno.test("TurnBudget stops a loop after 4 ms and lets it go on after a full turn", async () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  loop.run(budget, 0.01);
  assertEquals(Math.round(loop.time), 1004);
  const events: string[] = [];
  const waiting = budget.untilRenewed().then(() => events.push("renewed"));
  await Promise.resolve();
  assertEquals([events.length, loop.turns.length], [0, 1]);
  loop.turns[0]?.();
  await waiting;
  assertEquals(budget.spend(), false);
});

Deno.test("TurnBudget looks at the clock at each step when steps are slow", () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  budget.spend();
  assertEquals(loop.run(budget, 1), 4);
});

Deno.test("TurnBudget looks at the clock for one step in sixteen when steps are fast", () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  for (let step = 0; step < 1601; step++) budget.spend();
  assertEquals(loop.looks, 101);
});

Deno.test("TurnBudget does not count the time between two turns", () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  for (let turn = 0; turn < 100; turn++) {
    loop.time += 1000;
    assertEquals(budget.spend(), false);
    for (const mark of loop.marks.splice(0)) mark();
  }
  assertEquals(loop.turns.length, 0);
});

Deno.test("TurnBudget gives other loops time of their own, up to 8 ms in all", () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  budget.spend();
  assertEquals(loop.run(budget, 1), 4);
  assertEquals(loop.run(budget, 1), 4);
  assertEquals(loop.run(budget, 1), 1);
  assertEquals(loop.turns.length, 1);
});

Deno.test("TurnBudget wakes the loops that used their time up after the others", async () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  const order: string[] = [];
  budget.spend();
  loop.run(budget, 1);
  const first = budget.untilRenewed().then(() => order.push("first"));
  loop.run(budget, 1);
  const second = budget.untilRenewed().then(() => order.push("second"));
  assertEquals(budget.spend(), true);
  const third = budget.untilRenewed().then(() => order.push("third"));
  loop.turns[0]?.();
  await Promise.all([first, second, third]);
  assertEquals(order, ["third", "first", "second"]);
});

Deno.test("TurnBudget.untilRenewed() ends when its signal aborts", async () => {
  const loop = new HandTurned();
  const budget = new TurnBudget(loop);
  budget.spend();
  loop.run(budget, 1);
  const controller = new AbortController();
  const waiting = budget.untilRenewed(controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  loop.turns[0]?.();
});
