import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import type { PipeInput, PipeOutput } from "../../carriers/pipes/pipe_carrier.ts";
import type { ByteSource, Carrier } from "../../core/carrier.ts";
import { settlesInTime } from "../../core/clock.ts";
import type { Child } from "./child.ts";

/** The stdin and stdout of a child process as one {@linkcode Carrier}. */
export class ProcessCarrier implements Carrier {
  readonly source: ByteSource;
  readonly #child: Child;
  readonly #exitTimeout: number;
  readonly #input: PipeInput;
  readonly #output: PipeOutput;
  #exit: ProcessExit | undefined;
  // A process that closes its stdin early need not be killed.
  #writeFailure: unknown;
  #isWriteEnded = false;

  /** Takes over a process whose stdin and stdout are pipes. */
  constructor(child: Child, exitTimeout: number) {
    const { output } = child.pipes.get(0) ?? {};
    const { input } = child.pipes.get(1) ?? {};
    if (input === undefined || output === undefined) {
      throw new InvalidStateError("Cannot connect process: its stdin or stdout is no pipe");
    }
    this.#child = child;
    this.#exitTimeout = exitTimeout;
    this.#input = input;
    this.#output = output;
    this.source = input;
    void child.exited.then((exit) => this.#exit = exit);
  }

  /** Resolves to how the process ended, once it has. */
  get exited(): Promise<ProcessExit> {
    return this.#child.exited;
  }

  async write(bytes: Uint8Array): Promise<number> {
    try {
      return await this.#output.write(bytes);
    } catch (error) {
      this.#writeFailure = error;
      throw error;
    }
  }

  async closeWrite(): Promise<void> {
    this.#isWriteEnded = true;
    await this.#output.end?.();
  }

  /**
   * Waits until the process has ended: nothing is read any more, so that it does not wait for a
   * reader.
   */
  async finish(): Promise<void> {
    if (!this.#isWriteEnded) await this.closeWrite();
    this.#input.release();
    await this.#endInTime();
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.#input.release();
    this.#output.release();
    if (this.#exit !== undefined) return;
    if (error !== null && error === this.#writeFailure) this.#endInTime().catch(() => {});
    else if (endedBy === "abort" || error !== null) this.#child.kill("SIGKILL");
  }

  getExtraInfo(name: string): unknown {
    switch (name) {
      case "socket":
      case "subprocess":
        return this.#child.handle;
      case "pid":
        return this.#child.pid;
      case "exitStatus":
        return this.#exit;
      default:
        return undefined;
    }
  }

  /** Gives the process time to end by itself, and then again after being asked to. */
  async #endInTime(): Promise<void> {
    for (const signal of ["SIGTERM", "SIGKILL"]) {
      if (await settlesInTime(this.exited, this.#exitTimeout)) return;
      this.#child.kill(signal);
    }
    await this.exited;
  }
}
