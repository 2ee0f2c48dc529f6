import type { OpenWait } from "../engine/open_wait.ts";
import type { PendingWait } from "../pending_wait.ts";
import { framesOf, isOfProgram, showPlace } from "./stack_frames.ts";

/** Waits with their places as text. Those that are no business of the program are left out. */
export function showWaits(waits: Iterable<OpenWait>): PendingWait[] {
  return Array.from(waits, showWait).filter((wait) => wait !== null);
}

function showWait({ what, since, trace }: OpenWait): PendingWait | null {
  const frames = trace === null ? [] : framesOf(trace);
  const first = frames.findIndex(isOfProgram);
  const place = frames[first];
  const where = place === undefined ? null : showPlace(place);
  if (what !== null) return { what, since, where };
  // The last function of the library, which the program has called.
  const name = frames[first - 1]?.name.replace(/ \[as .*\]$/, "");
  return where === null ? null : { what: name || "a wait", since, where };
}
