import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import type { WaitSignal } from "../../../protocols/waits/wait_signal.ts";
import { readRounds } from "../../../transports/core/read/read_rounds.ts";
import { type Flushable, flushScheduler } from "../../../transports/core/write/flush_scheduler.ts";
import { clockPatches } from "./clocks.ts";
import { socketPatches } from "./deno_sockets.ts";
import { outsidePatches } from "./outside_work.ts";
import { type Patch, PatchSet, replaced } from "./patches.ts";
import { randomnessPatches } from "./randomness.ts";
import { realIoPatches } from "./real_io.ts";
import { timerPatches } from "./timers.ts";
import { watchUncaught } from "./uncaught.ts";
import { waitPatches } from "./waits.ts";

let worlds = 0;
let installed: PatchSet | null = null;
let stopWatching = (): void => {};

/**
 * Gives code that runs in a world virtual time, randomness and the simulated network. All other
 * code goes on with the real ones. Worlds side by side share it, the last one puts everything back.
 *
 * @returns Ends it.
 */
export function installGlobals(): Disposable {
  if (worlds === 0) {
    installed = new PatchSet([
      ...timerPatches(),
      ...clockPatches(),
      ...randomnessPatches(),
      ...socketPatches(),
      ...outsidePatches(),
      ...realIoPatches(),
      ...libraryPatches(),
      ...waitPatches(),
    ]);
    stopWatching = watchUncaught();
  }
  worlds++;
  return {
    [Symbol.dispose](): void {
      if (--worlds > 0) return;
      stopWatching();
      installed?.restore();
      installed = null;
    },
  };
}

/** The parts of the library that all connections of a process share. */
function libraryPatches(): Patch[] {
  return [
    replaced(turnBudget, "spend", ({ budget }) => budget.spend()),
    replaced(
      turnBudget,
      "untilRenewed",
      ({ budget }, signal?: WaitSignal) => budget.untilRenewed(signal),
    ),
    replaced(
      flushScheduler,
      "flushSoon",
      ({ flushes }, target: Flushable) => flushes.flushSoon(target),
    ),
    replaced(flushScheduler, "deferFlush", ({ flushes }) => flushes.deferFlush()),
    // Simulated sockets are served in turn.
    replaced(readRounds, "count", () => false),
  ];
}
