import type { SubprocessProtocolCallbacks } from "../../protocols/subprocess_contract.ts";
import type { ConnectedSubprocess, SubprocessOptions } from "./subprocess_options.ts";

/**
 * Starts a program and hears its pipes and its exit by callbacks: asyncio's `subprocess_exec`.
 *
 * The protocol hears `pipeDataReceived(fd, data)` and `pipeConnectionLost(fd, error)` for each
 * pipe, `processExited` when the process has ended, and `connectionLost` when all of that has
 * happened. Each pipe has flow control of its own: its transport (`getPipeTransport(fd)`) can be
 * paused, and a promise that `pipeDataReceived` returns holds back that pipe alone. A process whose
 * output is not read waits; memory does not grow.
 *
 * A stdin that the process closed early costs nothing else: its output and exit code still come.
 * Input that it did not read is reported by `pipeConnectionLost(0, BrokenPipe)`; Deno notices it
 * only at the next write.
 *
 * Needs `--allow-run` for the program.
 *
 * @example Output and exit
 * ```ts
 * import { subprocessExec } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const events: string[] = [];
 * const { transport } = await subprocessExec(
 *   () => ({
 *     pipeDataReceived: (fd, data) => events.push(`${fd}: ${new TextDecoder().decode(data)}`),
 *     processExited: () => events.push("exited"),
 *   }),
 *   Deno.execPath(),
 *   { args: ["eval", "console.log('out')"], stderr: "null" },
 * );
 * const { code } = await transport.closed;
 * assertEquals(code, 0);
 * assertEquals(events.sort(), ["1: out\n", "exited"]);
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, nothing is started and this rejects.
 * @param program What to run: a path, or a name that is looked up in `PATH`.
 * @param options Its arguments, its surroundings, and what its descriptors are.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If an option is of the wrong kind, or an argument holds a NUL.
 * @throws {Deno.errors.NotFound} If there is no such program or folder; other failures of the
 * system likewise.
 * @throws {Deno.errors.NotCapable} If it may not be run; the text says what is needed.
 */
export async function subprocessExec<P extends SubprocessProtocolCallbacks>(
  protocolFactory: () => P,
  program: string | URL,
  options: SubprocessOptions = {},
): Promise<ConnectedSubprocess<P>> {
  // Only a program that starts a process loads what runs one.
  const { runChild } = await import("./child/run_child.ts");
  return await runChild(protocolFactory, program, options);
}
