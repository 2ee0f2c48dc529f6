import type { Bytes } from "../../protocols/bytes.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { OutputLimitError } from "../../protocols/errors/process_errors.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { ReceiveBuffer } from "../../protocols/framing/receive_buffer.ts";
import { WAIT_CHECKS, waitSignal } from "../../protocols/waits/wait_options.ts";
import { onAbort, type WaitSignal } from "../../protocols/waits/wait_signal.ts";
import type { StreamReader } from "../reading/stream_reader.ts";
import type { StreamWriter } from "../writing/stream_writer.ts";

/** The default of `maxOutput`, in bytes. */
const MAX_OUTPUT = 67_108_864;
/** The size of a read, in bytes. */
const READ_SIZE = 65_536;

/** Options for `communicate()` and `check()`. */
export interface CommunicateOptions {
  /**
   * The most that is collected of each pipe, in bytes. A process that writes more is ended, and an
   * `OutputLimitError` carries what was read.
   *
   * @default {67108864}
   */
  readonly maxOutput?: number;
  /**
   * Ends the waiting when it aborts, with its reason. Bytes that were read are kept: a further
   * call goes on with them.
   */
  readonly signal?: AbortSignal;
  /**
   * Ends the waiting after so many milliseconds, with a `TimeoutError`, in the same way.
   *
   * @default {Infinity}
   */
  readonly timeout?: number;
}

const CHECKS: OptionTable<CommunicateOptions> = { ...WAIT_CHECKS, maxOutput: check.size() };

/**
 * Writes all input, reads all output at the same time, and waits for the exit: what `communicate()`
 * does. An aborted one can be taken up again.
 */
export class Communication {
  readonly #stdin: StreamWriter | null;
  readonly #outputs: readonly (StreamReader | null)[];
  readonly #exit: (signal: AbortSignal) => Promise<unknown>;
  readonly #end: (signal: AbortSignal) => Promise<unknown>;
  // The bytes that were read of each up to now.
  readonly #collected: ReceiveBuffer[];
  #hasInput = false;
  // Output after that is lost, so there is no further result.
  #overflow: OutputLimitError | null = null;

  /**
   * Starts nothing yet.
   *
   * @param stdin Where the input goes.
   * @param outputs What is collected.
   * @param exit Waits for the exit.
   * @param end Ends what writes more than it may; the signal cuts its grace short.
   */
  constructor(
    stdin: StreamWriter | null,
    outputs: readonly (StreamReader | null)[],
    exit: (signal: AbortSignal) => Promise<unknown>,
    end: (signal: AbortSignal) => Promise<unknown>,
  ) {
    this.#stdin = stdin;
    this.#outputs = outputs;
    this.#exit = exit;
    this.#end = end;
    this.#collected = outputs.map(() => new ReceiveBuffer());
  }

  /** Runs until the outputs and the process have ended; gives what was collected of each output. */
  async run(
    input: Uint8Array | string | undefined,
    options: CommunicateOptions,
  ): Promise<Bytes[]> {
    checkOptions("communicate", options, CHECKS);
    const { maxOutput = MAX_OUTPUT } = options;
    const signal = waitSignal("communicate", options);
    signal?.throwIfAborted();
    if (this.#overflow !== null) throw this.#overflow;
    this.#feed(input);
    await allOf((signal) => [
      ...this.#outputs.map((reader, index) => this.#collect(index, reader, maxOutput, signal)),
      this.#exit(signal),
    ], signal);
    return this.#collected.map((collected) => collected.peek(collected.length));
  }

  /** A process may choose not to read its input. */
  #feed(input: Uint8Array | string | undefined): void {
    if (this.#stdin === null) {
      if (input === undefined) return;
      throw new InvalidStateError(
        'Cannot communicate: there is input, and stdin is no pipe; start it with stdin: "piped"',
      );
    }
    if (this.#hasInput) {
      if (input === undefined) return;
      throw new InvalidStateError("Cannot communicate: the input was given before");
    }
    if (input !== undefined) this.#stdin.write(input);
    this.#hasInput = true;
    this.#stdin.writeEof();
  }

  async #collect(
    index: number,
    reader: StreamReader | null,
    maxOutput: number,
    signal: AbortSignal,
  ): Promise<void> {
    const collected = this.#collected[index];
    if (reader === null || collected === undefined) return;
    while (collected.length <= maxOutput) {
      // One byte more than may be tells that there is more.
      const room = Math.min(READ_SIZE, maxOutput + 1 - collected.length);
      const chunk = await reader.read(room, { signal });
      if (chunk.length === 0) return;
      collected.append(chunk);
    }
    throw await this.#endForOverflow(maxOutput, signal);
  }

  async #endForOverflow(limit: number, signal: AbortSignal): Promise<OutputLimitError> {
    await this.#end(signal);
    const [stdout, stderr] = this.#collected.map((collected) => collected.peek(collected.length));
    const none = new Uint8Array(0);
    return this.#overflow = new OutputLimitError(limit, stdout ?? none, stderr ?? none);
  }
}

/**
 * Waits for all. The first that fails ends the waiting of the others, so that no read goes on when
 * the caller goes on.
 */
async function allOf(
  start: (signal: AbortSignal) => Promise<unknown>[],
  signal: WaitSignal | undefined,
): Promise<void> {
  const stopped = new AbortController();
  const stop = onAbort(signal, () => stopped.abort(signal?.reason));
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    start(stopped.signal).map((promise) =>
      promise.catch((error) => {
        failure ??= { error };
        stopped.abort();
      })
    ),
  );
  stop();
  if (failure !== undefined) throw failure.error;
}
