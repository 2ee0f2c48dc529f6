import { checkOptions } from "../../protocols/option_checks.ts";
import { runChild } from "../../transports/processes/child/run_child.ts";
import {
  CREATE_SUBPROCESS_CHECKS,
  type CreateSubprocessOptions,
} from "./create_subprocess_options.ts";
import { Process } from "./process.ts";
import { ProcessProtocol } from "./_process_protocol.ts";

/** Starts a process with readers and a writer: what `createSubprocessExec` does. */
export async function startProcess(
  program: string | URL,
  options: CreateSubprocessOptions,
): Promise<Process> {
  checkOptions("run", options, CREATE_SUBPROCESS_CHECKS);
  const { limit, ...rest } = options;
  const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit", ...rest } as const;
  const descriptors = 3 + (rest.extraStdio?.length ?? 0);
  const { transport, protocol } = await runChild(
    () => new ProcessProtocol(descriptors, limit === undefined ? {} : { limit }),
    program,
    stdio,
  );
  return new Process(transport, protocol, String(program));
}
