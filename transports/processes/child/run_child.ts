import { onAbort } from "../../../protocols/waits/wait_signal.ts";
import type { SubprocessProtocolCallbacks } from "../../../protocols/subprocess_contract.ts";
import { checkOptions } from "../../../protocols/option_checks.ts";
import { checkProtocolFactory, makeProtocol } from "../../core/callbacks.ts";
import { report, toError } from "../../core/error_report.ts";
import { checkProgram } from "../command_options.ts";
import {
  type ConnectedSubprocess,
  SUBPROCESS_CHECKS,
  type SubprocessOptions,
} from "../subprocess_options.ts";
import { ChildTransport } from "./child_transport.ts";
import { startChild } from "./start_child.ts";

/** Starts a process and tells its protocol of it: what `subprocessExec` does. */
export async function runChild<P extends SubprocessProtocolCallbacks>(
  protocolFactory: () => P,
  program: string | URL,
  options: SubprocessOptions,
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
  const end = (): void => void transport.shutdown().catch(fail);
  void transport.closed.then(onAbort(signal, end));
  if (signal.aborted) end();
}
