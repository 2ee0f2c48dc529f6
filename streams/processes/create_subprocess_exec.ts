import type { CreateSubprocessOptions } from "./create_subprocess_options.ts";
import type { Process } from "./process.ts";

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
