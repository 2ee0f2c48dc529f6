import { AsyncLocalStorage } from "node:async_hooks";
import type { FlushScheduler } from "../../../transports/core/write/flush_scheduler.ts";
import type { Process } from "../engine/process.ts";
import type { StepBudget } from "../engine/step_budget.ts";
import type { Lan } from "../network/lan.ts";
import type { Machine } from "../network/machine.ts";
import type { PostOffice } from "../network/post_office.ts";

/** The program that runs now, and its world. */
export interface Context {
  /** The program. */
  readonly process: Process;
  /** Its machine. */
  readonly machine: Machine;
  /** The network of its world. */
  readonly lan: Lan;
  /** Carries its datagrams. */
  readonly postOffice: PostOffice;
  /** Replaces `turnBudget`. */
  readonly budget: StepBudget;
  /** Replaces `flushScheduler`. */
  readonly flushes: FlushScheduler;
}

const running = new AsyncLocalStorage<Context>();

/** The program that runs now; `undefined` outside of every world. */
export function currentContext(): Context | undefined {
  return running.getStore();
}

/** Runs a function, and everything that it starts, as part of a program. */
export function runIn<T>(context: Context, run: () => T): T {
  return running.run(context, run);
}

/** Runs a function, and everything that it starts, outside of every world. */
export function runOutside<T>(run: () => T): T {
  return running.exit(run);
}
