import { show } from "../../../protocols/option_checks.ts";
import { nodeModule } from "../../core/node_module.ts";
import { describeOsError } from "../../core/os_error.ts";

/** Throws if a value is not the name of a signal of this system. */
export function checkSignal(signal: unknown): asserts signal is Deno.Signal {
  if (
    typeof signal === "string" && Object.hasOwn(nodeModule("node:os").constants.signals, signal)
  ) return;
  throw new TypeError(
    `Cannot send signal: ${show(signal)} is not the name of one, such as "SIGTERM"`,
  );
}

/** Sends a signal to the process group that a process leads; does nothing if none of it is left. */
export function signalGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw describeOsError(error, `Cannot signal the group of process ${pid}`);
  }
}
