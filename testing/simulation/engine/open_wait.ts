/** How many frames of the stack are kept: those of the library come first. */
const FRAMES = 24;

/** Where something was called. The text is made when it is asked for. */
export interface CallTrace {
  /** The frames, as V8 writes them. */
  readonly stack?: string;
}

/** A wait that has begun and has not ended. */
export interface OpenWait {
  /** The object of the wait; `null` if only the place tells. */
  readonly what: string | null;
  /** When it began, in milliseconds of virtual time. */
  readonly since: number;
  /** Where it began; `null` if that would tell nothing. */
  readonly trace: CallTrace | null;
}

/**
 * Remembers the place of a call. It takes a few microseconds: the text is made later, if at all.
 *
 * @param above The function whose caller comes first.
 */
export function traceCall(above?: (...args: never[]) => unknown): CallTrace {
  const trace: CallTrace = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  Error.captureStackTrace(trace, above);
  Error.stackTraceLimit = limit;
  return trace;
}
