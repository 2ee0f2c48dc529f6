import { eventLoop } from "../../../protocols/waits/turn_budget.ts";

/** Lets what is ready happen: resolves in a later turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

/**
 * Lets what can happen without the outside world happen, also in loops that rest for a full turn:
 * on a machine that is busy, any of them may have used up its time.
 */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await fullTurn();
}

function fullTurn(): Promise<void> {
  return new Promise((resolve) => eventLoop.afterFullTurn(resolve));
}

/** The outcome of a promise by now; `"pending"` if it has none. */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = "pending";
  promise.then(() => state = "fulfilled", () => state = "rejected");
  await settle();
  return state;
}

/** Waits until a figure has not grown for a while, as turns of the event loop go. */
export async function untilStill(figure: () => number): Promise<void> {
  let before = NaN;
  for (let rounds = 0; rounds < 10; rounds++) {
    if (before !== figure()) rounds = 0;
    before = figure();
    await settle();
  }
}
