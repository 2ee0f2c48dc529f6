import type { Bytes } from "../../protocols/bytes.ts";
import type { ProcessExit } from "../../protocols/facts/extra_info.ts";
import { show, wrongKind } from "../../protocols/option_checks.ts";
import type { ProcessShutdownOptions } from "../../protocols/subprocess_contract.ts";
import type { StreamReader } from "../reading/stream_reader.ts";
import type { WaitOptions } from "../../protocols/waits/wait_options.ts";
import type { StreamWriter } from "../writing/stream_writer.ts";
import { type CommunicateOptions, Communication } from "./_communication.ts";
import { createSubprocessExec } from "./create_subprocess.ts";
import type { CreateSubprocessOptions } from "./create_subprocess_options.ts";
import type { Process } from "./process.ts";

/** One program of a pipeline, and its arguments. */
export type PipelineCommand = readonly [program: string | URL, ...args: string[]];

/**
 * Options for a pipeline: stdin is that of the first program, stdout that of the last; all else
 * holds for each of them.
 */
export type PipelineOptions = Omit<CreateSubprocessOptions, "args" | "pty" | "extraStdio">;

/** The output of a pipeline, and how its processes ended. */
export interface PipelineOutput {
  /** The output of the last process; empty where that is no pipe. */
  readonly stdout: Bytes;
  /** The exit of each process, in the order of the commands. */
  readonly exits: readonly ProcessExit[];
}

/** Processes each of which reads what the one before writes; {@linkcode pipeline} makes one. */
export class Pipeline implements AsyncDisposable {
  /** The processes, in their order. */
  readonly processes: readonly Process[];
  readonly #first: Process;
  readonly #last: Process;
  readonly #communication: Communication;

  /**
   * Joins processes that run. `hasStdin` and `hasStdout` say whether there is a pipe at that end.
   */
  constructor(
    processes: readonly [Process, ...Process[]],
    hasStdin: boolean,
    hasStdout: boolean,
  ) {
    this.processes = processes;
    this.#first = processes[0];
    this.#last = processes.at(-1) ?? processes[0];
    this.#communication = new Communication(
      hasStdin ? this.stdin : null,
      [hasStdout ? this.stdout : null],
      (signal) => this.wait({ signal }),
      (signal) => this.shutdown({ signal }),
    );
  }

  /** The way into the first process; see `Process.stdin`. */
  get stdin(): StreamWriter {
    return this.#first.stdin;
  }

  /** The stdout of the last process; see `Process.stdout`. */
  get stdout(): StreamReader {
    return this.#last.stdout;
  }

  /**
   * Resolves to how the processes ended, once all have, and all their pipes are closed. Never
   * rejects.
   */
  get closed(): Promise<readonly ProcessExit[]> {
    return Promise.all(this.processes.map((process) => process.closed));
  }

  /**
   * Waits until all processes have ended.
   *
   * @param options A signal: when it aborts the waiting ends with its reason, and the processes go
   * on.
   * @returns What `Process.wait` gives of each.
   */
  async wait(options: WaitOptions = {}): Promise<readonly number[]> {
    return await Promise.all(this.processes.map((process) => process.wait(options)));
  }

  /**
   * Writes all input, reads all output, and waits for the exits, as `Process.communicate`.
   *
   * @param input What the first process is to read.
   * @param options How much may be collected, and a signal.
   * @returns What the last process wrote, and how they ended.
   * @throws As `Process.communicate`.
   */
  async communicate(
    input?: Uint8Array | string,
    options: CommunicateOptions = {},
  ): Promise<PipelineOutput> {
    const [stdout = new Uint8Array(0)] = await this.#communication.run(input, options);
    return { stdout, exits: await Promise.all(this.processes.map(({ exited }) => exited)) };
  }

  /**
   * {@linkcode Pipeline.communicate}, and an error unless all processes succeed. That SIGPIPE ended
   * one is no failure, unless it is the last: the one after it needed no more.
   *
   * @param input As there.
   * @param options As there.
   * @returns As there.
   * @throws {ProcessFailedError} Of the last process that failed.
   */
  async check(
    input?: Uint8Array | string,
    options: CommunicateOptions = {},
  ): Promise<PipelineOutput> {
    const output = await this.communicate(input, options);
    for (const [index, process] of [...this.processes.entries()].reverse()) {
      const exit = output.exits[index];
      const isCutOff = exit?.signal === "SIGPIPE" && process !== this.#last;
      if (exit !== undefined && !exit.success && !isCutOff) throw process.failureOf(exit);
    }
    return output;
  }

  /**
   * Ends all processes, as `Process.shutdown`.
   *
   * @param options As there.
   * @returns How they ended.
   */
  async shutdown(options: ProcessShutdownOptions = {}): Promise<readonly ProcessExit[]> {
    return await Promise.all(this.processes.map((process) => process.shutdown(options)));
  }

  /** {@linkcode Pipeline.shutdown}, at the end of a scope that says `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}

/**
 * Starts programs each of which reads what the one before writes. The system joins them: what goes
 * from one to the next does not pass through JavaScript.
 *
 * Needs `--allow-run` for the programs, and `--allow-env` unless there is only one.
 *
 * @example The commonest words
 * ```ts
 * import { pipeline } from "@sluice/net/streams";
 * import { assertEquals } from "@std/assert";
 *
 * await using words = await pipeline([["sort"], ["uniq", "-c"], ["sort", "-rn"], ["head", "-n", "1"]], {
 *   stdin: "piped",
 *   stdout: "piped",
 * });
 * const { stdout } = await words.check("b\na\nb\n");
 * assertEquals(new TextDecoder().decode(stdout).trim(), "2 b");
 * ```
 *
 * @param commands The programs with their arguments, from the first to the last.
 * @param options What is at both ends, and what holds for all.
 * @returns The processes, joined.
 * @throws {TypeError} If there is no command, or one is not a list.
 * @throws As `createSubprocessExec`; what was started by then is ended.
 */
export async function pipeline(
  commands: readonly PipelineCommand[],
  options: PipelineOptions = {},
): Promise<Pipeline> {
  checkCommands(commands);
  checkOptionNames(options);
  const { stdin = "inherit", stdout = "inherit", ...shared } = options;
  const processes: Process[] = [];
  try {
    // The reader of each pipe is there before its writer, which is given the pipe.
    for (const [index, [program, ...args]] of [...commands.entries()].reverse()) {
      const next = processes[0];
      processes.unshift(
        await createSubprocessExec(program, {
          ...shared,
          args,
          stdin: index === 0 ? stdin : "shared",
          stdout: next === undefined ? stdout : next.transport,
        }),
      );
    }
  } catch (error) {
    await Promise.all(processes.map((process) => process.shutdown({ grace: 0 })));
    throw error;
  }
  const [first, ...others] = processes;
  if (first === undefined) throw new TypeError("Cannot make pipeline: there is no command");
  return new Pipeline([first, ...others], stdin === "piped", stdout === "piped");
}

/** The rest is checked with each process. */
function checkOptionNames(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot make pipeline: options ${show(options)} is not an object`);
  }
  for (const name of ["args", "pty", "extraStdio"]) {
    if (!Object.hasOwn(options, name)) continue;
    throw new TypeError(`Cannot make pipeline: ${name} is no option of a pipeline`);
  }
}

function checkCommands(commands: unknown): void {
  const option = { action: "make pipeline", name: "commands" };
  if (!Array.isArray(commands) || commands.length === 0) {
    throw wrongKind(option, commands, "is not a list of at least one command");
  }
  for (const [index, command] of commands.entries()) {
    if (Array.isArray(command)) continue;
    const name = `commands[${index}]`;
    throw wrongKind({ ...option, name }, command, 'is not a list such as ["grep", "-v", "x"]');
  }
}
