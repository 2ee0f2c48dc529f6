import { check, checkOptions, type OptionTable } from "../../../protocols/option_checks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../../core/transport_options.ts";

/** Options for `connectReadPipe` and `connectWritePipe`. */
export interface PipeOptions extends TransportOptions {
  /** Ends the wait for the other end of a FIFO when it aborts, with its reason. */
  readonly signal?: AbortSignal;
}

const CHECKS: OptionTable<PipeOptions> = {
  ...TRANSPORT_CHECKS,
  signal: check.abortSignal,
};

/** Throws for options of a wrong kind or out of range, before anything is opened. */
export function checkPipeOptions(options: PipeOptions): void {
  checkOptions("connect pipe", options, CHECKS);
}
