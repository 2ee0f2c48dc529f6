import { checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import {
  SUBPROCESS_CHECKS,
  subprocessExec,
  type SubprocessOptions,
} from "../../transports/processes/subprocess_exec.ts";
import type { StdinStdio, Stdio } from "../../transports/processes/stdio.ts";
import { READER_CHECKS, type StreamReaderOptions } from "../reading/read_options.ts";
import { Process } from "./process.ts";
import { ProcessProtocol } from "./_process_protocol.ts";

/** Options for a child process with readers and a writer. */
export interface CreateSubprocessOptions extends SubprocessOptions, StreamReaderOptions {
  /**
   * What the process reads: with `"piped"`, what is written to `Process.stdin`.
   *
   * @default {"inherit"}
   */
  readonly stdin?: StdinStdio;
  /**
   * Where its output goes: with `"piped"`, to `Process.stdout`.
   *
   * @default {"inherit"}
   */
  readonly stdout?: Stdio;
  /**
   * Where its complaints go: with `"piped"`, to `Process.stderr`.
   *
   * @default {"inherit"}
   */
  readonly stderr?: Stdio;
}

const CHECKS: OptionTable<CreateSubprocessOptions> = { ...SUBPROCESS_CHECKS, ...READER_CHECKS };

/**
 * Starts a program, with readers and a writer for its pipes: asyncio's `create_subprocess_exec`. As
 * there, its descriptors are ours unless an option says otherwise.
 *
 * Needs `--allow-run` for the program.
 *
 * @example Asking a program
 * ```ts
 * import { createSubprocessExec } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using process = await createSubprocessExec("tr", {
 *   args: ["a-z", "A-Z"],
 *   stdin: "piped",
 *   stdout: "piped",
 * });
 * const { stdout } = await process.check("quiet");
 * assertEquals(new TextDecoder().decode(stdout), "QUIET");
 * ```
 *
 * @param program What to run: a path, or a name that is looked up in `PATH`.
 * @param options Its arguments, its surroundings, and what its descriptors are.
 * @returns The process. `await using` ends it at the end of the scope.
 * @throws As `subprocessExec`.
 */
export async function createSubprocessExec(
  program: string | URL,
  options: CreateSubprocessOptions = {},
): Promise<Process> {
  checkOptions("run", options, CHECKS);
  const { limit, ...rest } = options;
  const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit", ...rest } as const;
  const { transport, protocol } = await subprocessExec(
    () =>
      new ProcessProtocol(3 + (rest.extraStdio?.length ?? 0), limit === undefined ? {} : { limit }),
    program,
    stdio,
  );
  return new Process(transport, protocol, String(program));
}
