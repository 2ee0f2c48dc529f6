import type {
  SubprocessProtocolCallbacks,
  SubprocessTransport,
} from "../../protocols/subprocess_contract.ts";
import { check, type OptionTable } from "../../protocols/option_checks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";
import { COMMAND_CHECKS, type CommandOptions } from "./command_options.ts";
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
   * The stdout of the process.
   *
   * @default {"piped"}
   */
  readonly stdout?: Stdio;
  /**
   * The stderr of the process.
   *
   * @default {"piped"}
   */
  readonly stderr?: Stdio;
  /**
   * The further descriptors of the process, from 3 on; a pipe can be read and written. Needs
   * `--allow-env`. None by default.
   */
  readonly extraStdio?: readonly Stdio[];
  /** Ends the process when it aborts: SIGTERM, and SIGKILL after 5 s. */
  readonly signal?: AbortSignal;
}

/** The checks of {@linkcode SubprocessOptions}. */
export const SUBPROCESS_CHECKS: OptionTable<SubprocessOptions> = {
  ...COMMAND_CHECKS,
  stdin: checkStdin,
  stdout: checkOutput,
  stderr: checkOutput,
  extraStdio: check.listOf(checkOutput),
  signal: check.abortSignal,
  maxWriteBuffer: TRANSPORT_CHECKS.maxWriteBuffer,
  onError: TRANSPORT_CHECKS.onError,
  writeBufferLimits: TRANSPORT_CHECKS.writeBufferLimits,
};

/**
 * The transport and the protocol of a child process: what starting one gives, asyncio's
 * `(transport, protocol)`.
 */
export interface ConnectedSubprocess<P extends SubprocessProtocolCallbacks> {
  /** The process. */
  readonly transport: SubprocessTransport;
  /** The protocol that the factory made. */
  readonly protocol: P;
}
