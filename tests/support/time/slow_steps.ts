import { eventLoop } from "../../../protocols/waits/turn_budget.ts";

/** How far the clock of the turn budget is ahead by now, in milliseconds: it never goes back. */
let ahead = 0;

/**
 * Until the end of the scope the clock of the turn budget goes on by a millisecond with each look
 * at it.
 */
export class SlowSteps implements Disposable {
  constructor() {
    eventLoop.now = () => performance.now() + ++ahead;
  }

  [Symbol.dispose](): void {
    eventLoop.now = () => performance.now() + ahead;
  }
}
