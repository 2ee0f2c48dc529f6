/** Every process that the benchmark starts, so that none outlives it. */

/** One process. */
export interface Child {
  /** Its process id. */
  readonly pid: number;
  /** Its standard output, line by line. */
  readonly lines: AsyncIterableIterator<string>;
  /** The end of what it wrote to standard error so far. */
  errorText(): string;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** Writes one byte to its standard input. */
  nudge(): Promise<void>;
  /** Kills it, if it still runs, and waits until it is gone. */
  stop(): Promise<void>;
}

const ERROR_TEXT_LIMIT = 2000; // characters kept of standard error

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

/** The set of processes started and not yet ended. */
export class Children {
  readonly #running = new Set<Deno.ChildProcess>();

  /**
   * Starts a process.
   *
   * @param command The program and its arguments.
   * @returns The process.
   * @throws {Deno.errors.NotFound} If there is no such program.
   */
  start(command: readonly string[]): Child {
    const [program = "", ...args] = command;
    const process = new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1" }, // what a process complains of is shown in a table
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#running.add(process);
    const exited = process.status.then((status) => {
      this.#running.delete(process);
      return status.code;
    });
    let errorText = "";
    const errorRead = (async () => {
      for await (const line of linesOf(process.stderr)) {
        errorText = `${errorText}${line}\n`.slice(-ERROR_TEXT_LIMIT);
      }
    })();
    const lines = linesOf(process.stdout);
    const input = process.stdin.getWriter();
    const stop = async () => {
      this.#kill(process);
      await exited;
      for await (const _line of lines); // lets the pipe go
      await errorRead;
      await input.close().catch(() => {}); // the process has closed its end already
    };
    return {
      pid: process.pid,
      lines,
      errorText: () => errorText.trim(),
      exited,
      nudge: async () => await input.write(new Uint8Array([10])),
      stop,
    };
  }

  /**
   * Runs a process to its end.
   *
   * @param command The program and its arguments.
   * @returns Exit code and output.
   * @throws {Deno.errors.NotFound} If there is no such program.
   */
  async run(command: readonly string[]): Promise<{ code: number; output: string; error: string }> {
    const child = this.start(command);
    try {
      const lines = await Array.fromAsync(child.lines);
      return { code: await child.exited, output: lines.join("\n"), error: child.errorText() };
    } finally {
      await child.stop();
    }
  }

  /** Kills every process that still runs; for the way out on Ctrl-C, where nobody waits. */
  killAll(): void {
    for (const process of this.#running) this.#kill(process);
  }

  #kill(process: Deno.ChildProcess): void {
    if (!this.#running.has(process)) return;
    try {
      process.kill("SIGKILL");
    } catch (error) {
      // It ended by itself a moment ago.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
