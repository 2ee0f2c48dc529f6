/**
 * Runs an example as a user does, in a process of its own and with the permissions that its header
 * names, and waits for what it prints.
 *
 * @module
 */
import { deadline } from "@std/async";
import { TextLineStream } from "@std/streams";
import { type Example, readExamples } from "../../tools/run_example.ts";

/**
 * The longest wait for a line or an end, in milliseconds: a hang is a failure, not a stuck run. Two
 * language servers one after the other took more than a minute on a machine that was busy.
 */
const PATIENCE_MS = 180_000;
/** Tells of timers in an example that should not run out before it ends. */
const LONG_TIMERS = new URL("long_timers.ts", import.meta.url);

const FOLDER = new URL("../../examples/", import.meta.url);

/** The examples that can be run by name. */
export const examples: readonly Example[] = await readExamples(FOLDER);

/** The output and the end of a process. */
export interface Outcome {
  /** Its exit code. */
  readonly code: number;
  /** The lines it printed. */
  readonly stdout: readonly string[];
  /** The lines it printed to stderr. */
  readonly stderr: readonly string[];
}

/** How to run an example other than its header says. */
export interface RunOptions {
  /** Flags for Deno instead of those in the header. */
  readonly flags?: readonly string[];
}

/** An example that is running. At the end of a scope (`await using`) it is ended if it still is. */
export class RunningExample implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  readonly #ended: Promise<Outcome>;
  #onOutput: PromiseWithResolvers<void> = Promise.withResolvers();
  #isEnded = false;

  /** Takes over a process with three pipes. */
  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#stdin = child.stdin.getWriter();
    this.#ended = this.#collect();
  }

  /**
   * Waits for a line of stdout.
   *
   * @returns The first line that matches, also if it came before.
   */
  async line(pattern: RegExp): Promise<RegExpMatchArray> {
    while (true) {
      for (const line of this.#stdout) {
        const match = line.match(pattern);
        if (match) return match;
      }
      if (this.#isEnded) throw new Error(`Cannot find ${pattern}: ended with ${this.#printed()}`);
      await this.#inTime(this.#onOutput.promise, `a line like ${pattern}`);
    }
  }

  /** The port that it says it listens on. */
  async port(): Promise<number> {
    const [, port] = await this.line(/^listening on 127\.0\.0\.1:(\d+)$/);
    return Number(port);
  }

  /** Types text into its stdin. */
  async type(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(text));
  }

  /** Ends its stdin, as Ctrl-D does. */
  async endInput(): Promise<void> {
    await this.#stdin.close();
  }

  /** Waits for its end. */
  outcome(): Promise<Outcome> {
    return this.#inTime(this.#ended, "its end");
  }

  /**
   * Sends signals, one after the other, and waits for the end, which is not to come by a timeout of
   * the library.
   */
  async stop(...signals: ("SIGTERM" | "SIGINT")[]): Promise<Outcome> {
    const before = this.#stderr.length;
    for (const signal of signals) this.#child.kill(signal);
    const outcome = await this.outcome();
    const late = outcome.stderr.slice(before).filter((line) => line.startsWith("a timer of "));
    if (late.length > 0) throw new Error(`It ended only after ${late.join(", ")}`);
    return outcome;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (!this.#isEnded) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** {@linkcode kill}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #collect(): Promise<Outcome> {
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, into: string[]) => {
      const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
      for await (const line of lines) {
        into.push(line);
        this.#tell();
      }
    };
    const [{ code }] = await Promise.all([
      this.#child.status,
      read(this.#child.stdout, this.#stdout),
      read(this.#child.stderr, this.#stderr),
    ]);
    // The process has ended, so there is nothing to flush.
    await this.#stdin.abort().catch(() => {});
    this.#isEnded = true;
    this.#tell();
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  #tell(): void {
    this.#onOutput.resolve();
    this.#onOutput = Promise.withResolvers();
  }

  #inTime<T>(promise: Promise<T>, what: string): Promise<T> {
    return deadline(promise, PATIENCE_MS).catch((error) => {
      throw new Error(`Cannot wait longer for ${what}: ${this.#printed()}`, { cause: error });
    });
  }

  #printed(): string {
    return JSON.stringify({ stdout: this.#stdout, stderr: this.#stderr });
  }
}

/**
 * Registers a test that sends a signal to an example. It is left out on Windows, where every signal
 * from another program ends it at once.
 */
export function testWithSignals(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn });
}

/** Starts the example of that name. */
export function startExample(
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): RunningExample {
  const example = examples.find((one) => one.name === name);
  if (example === undefined) throw new Error(`Cannot run example: there is no "${name}"`);
  const flags = options.flags ?? example.flags;
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--preload=${LONG_TIMERS}`,
      ...flags,
      `examples/${name}.ts`,
      ...args,
    ],
    cwd: new URL("../", FOLDER),
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  return new RunningExample(command.spawn());
}

/** Runs the example of that name to its end. */
export async function runExample(
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Outcome> {
  await using example = startExample(name, args, options);
  return await example.outcome();
}
