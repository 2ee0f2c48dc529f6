import type {
  SubprocessProtocolCallbacks,
  SubprocessTransport,
} from "../../protocols/subprocess_contract.ts";
import { abortSignal, listOf, type OptionTable } from "../../protocols/option_checks.ts";
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
 * The transport and the protocol of a child process: what starting one gives, asyncio's
 * `(transport, protocol)`.
 */
export interface ConnectedSubprocess<P extends SubprocessProtocolCallbacks> {
  /** The process. */
  readonly transport: SubprocessTransport;
  /** What the factory made. */
  readonly protocol: P;
}
