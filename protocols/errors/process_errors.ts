/** A process that was to succeed did not: its exit code is not 0, or a signal ended it. */
export class ProcessFailedError extends Error {
  /** The program that was run. */
  readonly program: string;
  /** The exit code; 128 and the number of the signal for one that a signal ended. */
  readonly code: number;
  /** The signal that ended it, such as `"SIGTERM"`; `null` if none did. */
  readonly signal: string | null;
  /** The last lines that it wrote to stderr, at most 4 KiB; empty where stderr is no pipe. */
  readonly stderr: string;

  /** Creates the error from the program, its exit, and the last lines of its stderr. */
  constructor(program: string, code: number, signal: string | null, stderr: string) {
    const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
    super(`Process ${program} failed: ${how}${stderr === "" ? "" : `; stderr ends:\n${stderr}`}`);
    this.name = "ProcessFailedError";
    this.program = program;
    this.code = code;
    this.signal = signal;
    this.stderr = stderr;
  }
}

/** A process wrote more than `communicate()` may collect. It is ended. */
export class OutputLimitError extends RangeError {
  /** The cap for each pipe, `maxOutput`, in bytes. */
  readonly limit: number;
  /** The bytes read from stdout. */
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** The bytes read from stderr. */
  readonly stderr: Uint8Array<ArrayBuffer>;

  /** Creates the error from the limit in bytes and the output that was read. */
  constructor(limit: number, stdout: Uint8Array<ArrayBuffer>, stderr: Uint8Array<ArrayBuffer>) {
    super(`Cannot collect output: a pipe gave more than ${limit} bytes, the maxOutput`);
    this.name = "OutputLimitError";
    this.limit = limit;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}
