import type { AnyProtocol } from "../../protocols/contract.ts";
import type { ProcessExit } from "../../protocols/facts/extra_info.ts";
import { check, type OptionTable } from "../../protocols/option_checks.ts";
import type { Connected } from "../core/connect_carrier.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";
import { COMMAND_CHECKS, type CommandOptions } from "./command_options.ts";

/** Options for a process that is connected to: how it is started and ended. */
export interface ProcessOptions extends CommandOptions, TransportOptions {
  /**
   * Where its stderr goes: to our own stderr, or nowhere.
   *
   * @default {"inherit"}
   */
  readonly stderr?: "inherit" | "null";
  /**
   * How many milliseconds a process may take to exit once the connection is closing. Then it is
   * sent SIGTERM, and after as long again SIGKILL.
   *
   * @default {5000}
   */
  readonly exitTimeout?: number;
}

/** The checks of {@linkcode ProcessOptions}. */
export const PROCESS_CHECKS: OptionTable<ProcessOptions> = {
  ...COMMAND_CHECKS,
  stderr: check.oneOf("inherit", "null"),
  exitTimeout: check.duration(),
  ...TRANSPORT_CHECKS,
};

/** A connection over a process. */
export interface ConnectedProcess<P extends AnyProtocol> extends Connected<P> {
  /** Resolves to how the process ended, once it has. Never rejects. */
  readonly exited: Promise<ProcessExit>;
}
