/** One server in its own process, from its start until it is killed. */

import type { Child, Children } from "./children.ts";
import { pinned, withManyFiles } from "./placement.ts";

const START_LIMIT_MS = 20_000;

/** A server that accepts connections. */
export class RunningServer implements AsyncDisposable {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  readonly #child: Child;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * Starts a server and waits for the line that names its port.
   *
   * @param children Starts the process.
   * @param command What to run.
   * @param core The core to run it on, `null` for any.
   * @returns The server.
   * @throws {Error} If it ends or stays silent instead.
   */
  static async start(
    children: Children,
    command: readonly string[],
    core: number | null,
  ): Promise<RunningServer> {
    const child = children.start(withManyFiles(pinned(core, command)));
    const timer = setTimeout(() => child.stop(), START_LIMIT_MS);
    try {
      const { value: line = "" } = await child.lines.next();
      const port = /:(\d+)\s*$/.exec(line)?.[1];
      if (port !== undefined) return new RunningServer(child, Number(port));
      await child.stop();
      throw new Error(`Cannot start: it printed "${line}" ${child.errorText()}`.trim());
    } finally {
      clearTimeout(timer);
    }
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it wrote to standard error, the end of it. */
  get complaint(): string {
    return this.#child.errorText();
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop();
  }
}
