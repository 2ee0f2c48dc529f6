import { ReadWait } from "../../../streams/reading/read_wait.ts";
import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import { traceCall } from "../engine/open_wait.ts";
import { currentContext } from "./context.ts";
import { type Patch, patch } from "./patches.ts";

/** Has a program remember where its reads, drains and other waits of the library began. */
export function waitPatches(): Patch[] {
  return [
    patch(WaitQueue.prototype, "wait", remembered),
    patch(ReadWait.prototype, "wait", remembered),
  ];
}

/** A method that waits, and has the program remember each wait that has not ended. */
function remembered<M extends (...args: never[]) => Promise<unknown>>(original: M): M {
  function wait(this: unknown, ...args: never[]): Promise<unknown> {
    const promise = original.apply(this, args);
    const process = currentContext()?.process;
    if (process === undefined) return promise;
    const begun = { what: null, since: process.scheduler.now, trace: traceCall(wait) };
    process.waits.add(begun);
    const end = (): void => void process.waits.delete(begun);
    promise.then(end, end);
    return promise;
  }
  return wait as M;
}
