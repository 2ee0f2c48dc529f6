import type { Bytes, CloseInfo, ProcessExit } from "../../protocols/contract.ts";
import type { ByteSource, Carrier } from "../core/carrier.ts";
import { settlesInTime } from "../core/clock.ts";

/** The stdin and stdout of a child process as a {@linkcode Carrier}. */
export class ProcessCarrier implements Carrier {
  readonly source: ByteSource;
  readonly #child: Deno.ChildProcess;
  readonly #exitTimeout: number;
  readonly #stdout: ReadableStreamDefaultReader<Bytes>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #exited: Promise<ProcessExit>;
  #exit: ProcessExit | undefined;
  #isWriteEnded = false;

  /** Takes over a process whose stdin and stdout are pipes. */
  constructor(child: Deno.ChildProcess, exitTimeout: number) {
    this.#child = child;
    this.#exitTimeout = exitTimeout;
    this.#stdout = child.stdout.getReader();
    this.#stdin = child.stdin.getWriter();
    // Failures are seen by the next write; without this they would count as unhandled.
    this.#stdin.closed.catch(() => {});
    this.source = { next: () => this.#next() };
    this.#exited = child.status.then(({ success, code, signal }) =>
      this.#exit = { success, code, signal }
    );
  }

  /** Resolves to how the process ended, once it has. */
  get exited(): Promise<ProcessExit> {
    return this.#exited;
  }

  async write(bytes: Uint8Array): Promise<number> {
    // The queue of the stream may keep the chunk, and the transport's buffers are used again.
    await this.#stdin.write(bytes.slice());
    return bytes.length;
  }

  async closeWrite(): Promise<void> {
    this.#isWriteEnded = true;
    // A process that has ended by itself wants no end of its input.
    await this.#stdin.close().catch(() => {});
  }

  /** Waits until the process has ended: nothing is read any more, so that it does not wait for a reader. */
  async finish(): Promise<void> {
    if (!this.#isWriteEnded) await this.closeWrite();
    this.#stopReading();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await settlesInTime(this.#exited, this.#exitTimeout)) return;
      this.#kill(signal);
    }
    await this.#exited;
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.#stopReading();
    if (!this.#isWriteEnded) this.#stdin.abort(error).catch(() => {});
    if (endedBy === "abort" || error !== null) this.#kill("SIGKILL");
  }

  getExtraInfo(name: string): unknown {
    switch (name) {
      case "socket":
        return this.#child;
      case "pid":
        return this.#child.pid;
      case "exitStatus":
        return this.#exit;
      default:
        return undefined;
    }
  }

  async #next(): Promise<IteratorResult<Bytes, void>> {
    const { done, value } = await this.#stdout.read();
    return done ? { done, value: undefined } : { done, value };
  }

  #stopReading(): void {
    this.#stdout.cancel().catch(() => {});
  }

  #kill(signal: "SIGTERM" | "SIGKILL"): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}
