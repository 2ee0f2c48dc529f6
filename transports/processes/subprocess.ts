import type { SubprocessProtocolCallbacks } from "../../protocols/subprocess_contract.ts";
import type { ConnectedSubprocess, SubprocessOptions } from "./subprocess_options.ts";
import { show } from "../../protocols/option_checks.ts";

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

/** Options for a command of the shell, which has its arguments in it. */
export type SubprocessShellOptions = Omit<SubprocessOptions, "args">;

/**
 * Starts a command of the shell: asyncio's `subprocess_shell`. It is {@linkcode subprocessExec} of
 * `sh -c`, on Windows of `cmd /c`.
 *
 * Never put text from others into a command unquoted: the shell would run it. Give such
 * words to {@linkcode subprocessExec} as `args`.
 *
 * @example A pipeline of the shell
 * ```ts
 * import { subprocessShell } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * let text = "";
 * const { transport } = await subprocessShell(
 *   () => ({ pipeDataReceived: (_fd, data) => text += new TextDecoder().decode(data) }),
 *   "echo one two | tr a-z A-Z",
 * );
 * await transport.closed;
 * assertEquals(text.trim(), "ONE TWO");
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, nothing is started and this rejects.
 * @param command What the shell is to do.
 * @param options As of {@linkcode subprocessExec}, without `args`.
 * @returns The transport and the protocol that the factory made.
 * @throws As {@linkcode subprocessExec}.
 */
export async function subprocessShell<P extends SubprocessProtocolCallbacks>(
  protocolFactory: () => P,
  command: string,
  options: SubprocessShellOptions = {},
): Promise<ConnectedSubprocess<P>> {
  checkShellOptions(command, options);
  const { program, args } = shellCommand(command);
  return await subprocessExec(protocolFactory, program, { ...options, args });
}

/** The program that runs a command of the shell, and what it is told. */
export function shellCommand(command: string): { program: string; args: string[] } {
  return Deno.build.os === "windows"
    ? { program: "cmd", args: ["/d", "/s", "/c", command] }
    : { program: "sh", args: ["-c", command] };
}

/** Throws for what cannot be a command of the shell. */
export function checkShellOptions(command: unknown, options: unknown): void {
  if (typeof command !== "string" || command === "") {
    throw new TypeError(`Cannot run in the shell: ${show(command)} is not a command`);
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot run in the shell: options ${show(options)} is not an object`);
  }
  if ("args" in options) {
    throw new TypeError("Cannot run in the shell: args is for a program, a command holds its own");
  }
}
