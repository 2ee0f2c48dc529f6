/** Builds and runs the load generator, and reads what it says. */

import type { Child, Children } from "./children.ts";
import { pinned, type Placement, withManyFiles } from "./placement.ts";
import { cpuSecondsOf, processTree } from "./process_usage.ts";
import { compile, type RuntimeState } from "./runtimes.ts";

/** What the load generator can be told; see bench/README.md for each mode. */
export interface LoadArguments {
  /** What kind of load. */
  readonly mode: "echo" | "stream" | "once" | "idle" | "flood" | "rate";
  /** Connections open at the same time. */
  readonly connections: number;
  /** Bytes in a message. */
  readonly size: number;
  /** `echo`: messages outstanding on each connection. */
  readonly depth?: number;
  /** `lines`: messages are printable and end with a line feed. */
  readonly payload?: "bytes" | "lines";
  /** Local addresses to rotate through, so that ports do not run short; 0 for any one. */
  readonly sources?: number;
  /** `once`: messages on each connection before it is closed. */
  readonly messages?: number;
  /** `rate`: messages a second over all connections. */
  readonly rate?: number;
  /** `stream`: bytes to move; `flood`: most bytes to send on each connection. */
  readonly total?: number;
  /** How long to run before measuring, in milliseconds. */
  readonly warmup?: number;
  /** How long to measure, in milliseconds; where bytes are counted, how long it may take. */
  readonly duration?: number;
  /** Whether to speak TLS, which the generator in TypeScript does for both. */
  readonly tls?: boolean;
}

/** What the load generator measured; which members are there depends on the mode. */
export interface LoadResult {
  /** Length of the measured window, in seconds. */
  readonly seconds: number;
  /** CPU time of the load generator in the window, in seconds; absent where unknown. */
  readonly loadCpuSeconds?: number;
  /** CPU time of the server in the window, in seconds; absent where unknown. */
  readonly serverCpuSeconds?: number;
  /** Messages answered in the window. */
  readonly messages?: number;
  /** Bytes that came back in the window. */
  readonly bytes?: number;
  /** Connections finished in the window. */
  readonly connections?: number;
  /** `once`: connections opened in all. */
  readonly opened?: number;
  /** `rate`: messages without an answer two seconds after the end. */
  readonly unanswered?: number;
  /** `rate`: latency percentiles and the greatest latency, in microseconds. */
  readonly p50?: number;
  readonly p90?: number;
  readonly p99?: number;
  readonly p999?: number;
  readonly max?: number;
}

/** The server answered with bytes that it had not been sent. */
export class WrongAnswerError extends Error {
  override readonly name = "WrongAnswerError";
}

const SPARE_MS = 90_000; // for opening connections and draining them, beyond the window itself

/** The load generator, ready to run. */
export class LoadGenerator {
  /** Which of the two it is: "c", or the slower "deno". */
  readonly kind: "c" | "deno";
  readonly #command: readonly string[];
  readonly #tlsCommand: readonly string[];
  readonly #children: Children;

  private constructor(
    kind: "c" | "deno",
    command: readonly string[],
    tlsCommand: readonly string[],
    children: Children,
  ) {
    this.kind = kind;
    this.#command = command;
    this.#tlsCommand = tlsCommand;
    this.#children = children;
  }

  /**
   * Compiles the C program where that is possible, else takes the one for Deno.
   *
   * @param children Starts the processes.
   * @param compiler The C compiler, if there is one.
   * @param placement The core to run on.
   * @param folder A folder for the compiled program.
   * @param wanted "c" or "deno" to insist on one of the two.
   * @returns The generator.
   * @throws {Error} If "c" is wanted and cannot be had.
   */
  static async prepare(
    children: Children,
    compiler: RuntimeState,
    placement: Placement,
    folder: string,
    wanted: "c" | "deno" | null,
  ): Promise<LoadGenerator> {
    const here = decodeURIComponent(new URL("../load/", import.meta.url).pathname);
    const possible = Deno.build.os === "linux" && "command" in compiler; // it needs epoll
    if (wanted === "c" && !possible) {
      throw new Error("Cannot use the load generator in C: it needs Linux and a C compiler");
    }
    const deno = [Deno.execPath(), "run", "--no-lock", "--no-config", "-A", `${here}main.ts`];
    const inTypeScript = withManyFiles(pinned(placement.loadCore, deno));
    if (possible && wanted !== "deno") {
      const names = (await Array.fromAsync(Deno.readDir(here))).map((entry) => entry.name);
      const sources = names.filter((name) => name.endsWith(".c")).map((name) => here + name);
      await compile(children, compiler.command, sources, `${folder}/load`);
      const inC = pinned(placement.loadCore, [`${folder}/load`]);
      return new LoadGenerator("c", inC, inTypeScript, children);
    }
    return new LoadGenerator("deno", inTypeScript, inTypeScript, children);
  }

  /**
   * Runs it once.
   *
   * @param port The server's port on 127.0.0.1.
   * @param serverPid The server's process.
   * @param load What to do.
   * @param whileHeld Called in modes that hold their connections, with the bytes sent so far.
   * @returns What it measured.
   * @throws {WrongAnswerError} If the server answered wrongly.
   * @throws {Error} If the server cannot be reached, closes or does not answer.
   */
  async run(
    port: number,
    serverPid: number,
    load: LoadArguments,
    whileHeld?: (bytes: number) => Promise<void>,
  ): Promise<LoadResult> {
    const pids = await processTree(serverPid);
    const pidOption = pids.length > 0 ? ["--pid", pids.join(",")] : [];
    const { tls = false, ...rest } = load;
    const options = Object.entries(rest).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const command = tls ? [...this.#tlsCommand, "--tls", "yes"] : this.#command;
    const child = this.#children.start(
      [...command, "--port", String(port), ...pidOption, ...options],
    );
    const limitMs = (load.warmup ?? 0) + (load.duration ?? 0) + SPARE_MS;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.stop();
    }, limitMs);
    try {
      return await this.#listen(child, pids, whileHeld);
    } catch (error) {
      if (!late) throw error;
      throw new Error(`Cannot finish: mode ${load.mode} took over ${limitMs} ms`);
    } finally {
      clearTimeout(timer);
      await child.stop();
    }
  }

  async #listen(
    child: Child,
    pids: readonly number[],
    whileHeld?: (bytes: number) => Promise<void>,
  ): Promise<LoadResult> {
    for await (const line of child.lines) {
      const said = JSON.parse(line);
      if (said.event === "result") return said;
      if (said.event === "wrong") throw new WrongAnswerError(said.message);
      if (said.event === "failed") throw new Error(said.message);
      if (said.event === "held") {
        await whileHeld?.(said.bytes);
        await child.nudge();
      }
    }
    const alive = await cpuSecondsOf(pids) !== null ? "" : "; the server is gone";
    throw new Error(`Cannot measure: the load generator ended: ${child.errorText()}${alive}`);
  }
}
