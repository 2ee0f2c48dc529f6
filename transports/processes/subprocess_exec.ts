import type {
  SubprocessProtocolCallbacks,
  SubprocessTransport,
} from "../../protocols/subprocess_contract.ts";
import {
  abortSignal,
  checkOptions,
  listOf,
  type OptionTable,
} from "../../protocols/option_checks.ts";
import { checkProtocolFactory, makeProtocol } from "../core/callbacks.ts";
import { report, toError } from "../core/error_report.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";
import { ChildTransport } from "./child/child_transport.ts";
import { checkProgram, COMMAND_CHECKS, type CommandOptions } from "./command_options.ts";
import { startChild } from "./child/start_child.ts";
import { checkOutput, checkStdin, type StdinStdio, type Stdio } from "./stdio.ts";

/** Options for a child process and its pipes. */
export interface SubprocessOptions extends CommandOptions, Omit<TransportOptions, "layers"> {
  /**
   * The stdin of the process.
   *
   * @default {"piped"}
   */
  readonly stdin?: StdinStdio;
  /**
   * Where its output goes.
   *
   * @default {"piped"}
   */
  readonly stdout?: Stdio;
  /**
   * Where its stderr goes.
   *
   * @default {"piped"}
   */
  readonly stderr?: Stdio;
  /**
   * What its further descriptors are, from 3 on; a pipe goes both ways. Needs `--allow-env`. None
   * by default.
   */
  readonly extraStdio?: readonly Stdio[];
  /** Ends the process when it aborts: SIGTERM, and SIGKILL after 5 s. */
  readonly signal?: AbortSignal;
}

/**
 * The transport and the protocol of a child process: what starting one gives, asyncio's
 * `(transport, protocol)`.
 */
export interface ConnectedSubprocess<P extends SubprocessProtocolCallbacks> {
  /** The process. */
  readonly transport: SubprocessTransport;
  /** What the factory made. */
  readonly protocol: P;
}

/** The checks of {@linkcode SubprocessOptions}. */
export const SUBPROCESS_CHECKS: OptionTable<SubprocessOptions> = {
  ...COMMAND_CHECKS,
  stdin: checkStdin,
  stdout: checkOutput,
  stderr: checkOutput,
  extraStdio: listOf(checkOutput),
  signal: abortSignal,
  maxWriteBuffer: TRANSPORT_CHECKS.maxWriteBuffer,
  onError: TRANSPORT_CHECKS.onError,
  writeBufferLimits: TRANSPORT_CHECKS.writeBufferLimits,
};

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
 *     pipeDataReceived: (fd, data) => void events.push(`${fd}: ${new TextDecoder().decode(data)}`),
 *     processExited: () => void events.push("exited"),
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
  checkProtocolFactory(protocolFactory);
  checkProgram(program);
  checkOptions("run", options, SUBPROCESS_CHECKS);
  const { stdin = "piped", stdout = "piped", stderr = "piped", extraStdio = [], signal } = options;
  signal?.throwIfAborted();
  const protocol = makeProtocol(protocolFactory);
  const child = await startChild(program, [stdin, stdout, stderr, ...extraStdio], options);
  const transport = new ChildTransport(child, protocol, options);
  transport.start();
  if (signal !== undefined) endOnAbort(transport, signal, options);
  return { transport, protocol };
}

function endOnAbort(
  transport: ChildTransport,
  signal: AbortSignal,
  { onError }: SubprocessOptions,
): void {
  // The system refuses to signal a process of another user.
  const fail = (error: unknown): void =>
    report(onError, toError(error), { callback: "signal", transport: null });
  const onAbort = (): void => void transport.shutdown().catch(fail);
  signal.addEventListener("abort", onAbort, { once: true });
  void transport.closed.then(() => signal.removeEventListener("abort", onAbort));
  if (signal.aborted) onAbort();
}
