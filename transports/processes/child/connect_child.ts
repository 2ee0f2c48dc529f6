import type { AnyProtocol } from "../../../protocols/contract.ts";
import { checkOptions } from "../../../protocols/option_checks.ts";
import { connectOver } from "../../core/connect_carrier.ts";
import { checkProtocolFactory } from "../../core/callbacks.ts";
import { checkProgram } from "../command_options.ts";
import { type ConnectedProcess, PROCESS_CHECKS, type ProcessOptions } from "../process_options.ts";
import { endWithUs } from "./end_with_us.ts";
import { ProcessCarrier } from "./process_carrier.ts";
import { startChild } from "./start_child.ts";

/** Starts a process and makes a connection over its pipes: what `connectProcess` does. */
export async function connectChild<P extends AnyProtocol>(
  protocolFactory: () => P,
  program: string | URL,
  options: ProcessOptions,
): Promise<ConnectedProcess<P>> {
  checkProtocolFactory(protocolFactory);
  checkProgram(program);
  checkOptions("connect to process", options, PROCESS_CHECKS);
  const { stderr = "inherit", exitTimeout = 5000, endWithParent = true } = options;
  const child = await startChild(program, ["piped", "piped", stderr], options);
  if (endWithParent) endWithUs(child.exited, (signal) => child.kill(signal));
  const carrier = new ProcessCarrier(child, exitTimeout);
  const connected = await connectOver(protocolFactory, carrier, options);
  return { ...connected, exited: carrier.exited };
}
