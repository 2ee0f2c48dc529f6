import { checkShellOptions, shellCommand } from "../../transports/processes/shell_command.ts";
import { createSubprocessExec } from "./create_subprocess_exec.ts";
import type { CreateSubprocessOptions } from "./create_subprocess_options.ts";
import type { Process } from "./process.ts";

/** Options for a command of the shell with readers and a writer. */
export type CreateSubprocessShellOptions = Omit<CreateSubprocessOptions, "args">;

/**
 * Starts a command of the shell, with readers and a writer for its pipes: asyncio's
 * `create_subprocess_shell`. It is {@linkcode createSubprocessExec} of `sh -c`, on Windows of
 * `cmd /c`.
 *
 * What comes from others must not be put into a command unquoted: the shell would run it.
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
