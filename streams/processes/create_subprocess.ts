import type { CreateSubprocessOptions } from "./create_subprocess_options.ts";
import type { Process } from "./process.ts";
import { checkShellOptions, shellCommand } from "../../transports/processes/subprocess.ts";

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
  // Only a program that starts a process loads what runs one.
  const { startProcess } = await import("./_start_process.ts");
  return await startProcess(program, options);
}

/** Options for a command of the shell with readers and a writer. */
export type CreateSubprocessShellOptions = Omit<CreateSubprocessOptions, "args">;

/**
 * Starts a command of the shell, with readers and a writer for its pipes: asyncio's
 * `create_subprocess_shell`. It is {@linkcode createSubprocessExec} of `sh -c`, on Windows of
 * `cmd /c`.
 *
 * Never put text from others into a command unquoted: the shell would run it.
 *
 * @example The output of a command
 * ```ts
 * import { createSubprocessShell } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const process = await createSubprocessShell("echo one; echo two", { stdout: "piped" });
 * assertEquals(await Array.fromAsync(process.stdout.lines()), ["one", "two"]);
 * assertEquals(await process.wait(), 0);
 * ```
 *
 * @param command What the shell is to do.
 * @param options As of {@linkcode createSubprocessExec}, without `args`.
 * @returns The process.
 * @throws As {@linkcode createSubprocessExec}.
 */
export async function createSubprocessShell(
  command: string,
  options: CreateSubprocessShellOptions = {},
): Promise<Process> {
  checkShellOptions(command, options);
  const { program, args } = shellCommand(command);
  return await createSubprocessExec(program, { ...options, args });
}
