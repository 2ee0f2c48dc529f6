import type { OptionTable } from "../../protocols/option_checks.ts";
import {
  SUBPROCESS_CHECKS,
  type SubprocessOptions,
} from "../../transports/processes/subprocess_options.ts";
import type { StdinStdio, Stdio } from "../../transports/processes/stdio.ts";
import { READER_CHECKS, type StreamReaderOptions } from "../reading/read_options.ts";

/** Options for a child process with readers and a writer. */
export interface CreateSubprocessOptions extends SubprocessOptions, StreamReaderOptions {
  /**
   * The stdin of the process: with `"piped"` it reads the bytes written to `Process.stdin`.
   *
   * @default {"inherit"}
   */
  readonly stdin?: StdinStdio;
  /**
   * Where its output goes: with `"piped"`, to `Process.stdout`.
   *
   * @default {"inherit"}
   */
  readonly stdout?: Stdio;
  /**
   * Where its complaints go: with `"piped"`, to `Process.stderr`.
   *
   * @default {"inherit"}
   */
  readonly stderr?: Stdio;
}

/** The checks of {@linkcode CreateSubprocessOptions}. */
export const CREATE_SUBPROCESS_CHECKS: OptionTable<CreateSubprocessOptions> = {
  ...SUBPROCESS_CHECKS,
  ...READER_CHECKS,
};
