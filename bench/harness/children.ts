/** Every process that the benchmark starts, so that none outlives it. */

import { TextLineStream } from "@std/streams";

/** One process. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Its standard output, line by line. */
  readonly lines: AsyncIterableIterator<string>;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** The end of what it wrote to standard error so far. */
  errorText(): string;
  /** Writes one byte to its standard input. */
  nudge(): Promise<void>;
  /** Kills it, if it still runs. */
  kill(): void;
}

const ERROR_TEXT_LIMIT = 2000; // characters kept of standard error
// exec keeps the process id, so what is measured is the program and not the shell.
const WITH_MANY_FILES = ["/bin/sh", "-c", 'ulimit -n "$(ulimit -H -n)"; exec "$@"', "sh"];

function linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterableIterator<string> {
  return stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).values();
}

/** The processes that were started and have not ended. */
export class Children {
  readonly #running = new Set<Deno.ChildProcess>();

  /** Starts a process with the hard limit of open files. Its disposal kills it and waits. */
  start(command: readonly string[], core: number | null = null): Child {
    const pin = core === null ? [] : ["taskset", "-c", String(core)];
    const [program = "", ...args] = [...WITH_MANY_FILES, ...pin, ...command];
    const env = { NO_COLOR: "1" };
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    const process = new Deno.Command(program, { args, env, ...pipes }).spawn();
    this.#running.add(process);
    const exited = process.status.then(({ code }) => {
      this.#running.delete(process);
      return code;
    });
    let errorText = "";
    const errorRead = (async () => {
      for await (const line of linesOf(process.stderr)) {
        errorText = `${errorText}${line}\n`.slice(-ERROR_TEXT_LIMIT);
      }
    })();
    const lines = linesOf(process.stdout);
    const input = process.stdin.getWriter();
    return {
      pid: process.pid,
      lines,
      exited,
      errorText: () => errorText.trim(),
      nudge: async () => await input.write(new Uint8Array([10])),
      kill: () => this.#kill(process),
      [Symbol.asyncDispose]: async () => {
        this.#kill(process);
        await exited;
        for await (const _line of lines); // lets the pipe go
        await errorRead;
        await input.close().catch(() => {}); // the process has closed its end already
      },
    };
  }

  /** Runs a process to its end; resolves to its standard output. */
  async run(command: readonly string[], core: number | null = null): Promise<string> {
    await using child = this.start(command, core);
    const lines = await Array.fromAsync(child.lines);
    const code = await child.exited;
    if (code === 0) return lines.join("\n").trim();
    throw new Error(`Cannot run ${command.join(" ")}: code ${code} ${child.errorText()}`.trim());
  }

  /** Kills every process that still runs. */
  killAll(): void {
    for (const process of this.#running) this.#kill(process);
  }

  #kill(process: Deno.ChildProcess): void {
    try {
      process.kill("SIGKILL");
    } catch (error) {
      // It has ended.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
