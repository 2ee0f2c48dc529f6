import type { SubprocessProtocolCallbacks } from "../../protocols/subprocess_contract.ts";
import { subprocessExec } from "./subprocess_exec.ts";
import type { ConnectedSubprocess, SubprocessOptions } from "./subprocess_options.ts";
import { checkShellOptions, shellCommand } from "./shell_command.ts";

/** Options for a command of the shell, which has its arguments in it. */
export type SubprocessShellOptions = Omit<SubprocessOptions, "args">;

/**
 * Starts a command of the shell: asyncio's `subprocess_shell`. It is {@linkcode subprocessExec} of
 * `sh -c`, on Windows of `cmd /c`.
 *
 * What comes from others must not be put into a command unquoted: the shell would run it. Give such
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
