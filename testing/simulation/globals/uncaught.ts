import { currentContext } from "./context.ts";

/**
 * Has a promise that a program rejects and does not handle, and an exception that nothing caught,
 * fail its run. Without it they would end the whole process.
 *
 * @returns Ends it.
 */
export function watchUncaught(): () => void {
  const onRejection = (event: PromiseRejectionEvent): void => fail(event, event.reason);
  const onError = (event: ErrorEvent): void => fail(event, event.error);
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);
  return () => {
    globalThis.removeEventListener("unhandledrejection", onRejection);
    globalThis.removeEventListener("error", onError);
  };
}

function fail(event: Event, error: unknown): void {
  const process = currentContext()?.process;
  if (process === undefined) return;
  event.preventDefault();
  process.call(() => {
    throw error;
  });
}
