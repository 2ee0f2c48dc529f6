import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { StreamInput, StreamOutput } from "../../carriers/pipes/stream_pipe.ts";
import type { Child, ChildPipe } from "./child.ts";

/** A process that `Deno.Command` has started: the fast way, for three descriptors. */
export class CommandChild implements Child {
  readonly handle: Deno.ChildProcess;
  readonly exited: Promise<ProcessExit>;
  readonly pipes: ReadonlyMap<number, ChildPipe>;
  readonly shared = null;

  /** Takes over a process; `piped` says which of its descriptors are pipes. */
  constructor(handle: Deno.ChildProcess, piped: readonly boolean[]) {
    this.handle = handle;
    this.exited = handle.status.then(({ success, code, signal }) => ({ success, code, signal }));
    const pipes = new Map<number, ChildPipe>();
    if (piped[0]) pipes.set(0, { output: new StreamOutput(handle.stdin) });
    if (piped[1]) pipes.set(1, { input: new StreamInput(handle.stdout) });
    if (piped[2]) pipes.set(2, { input: new StreamInput(handle.stderr) });
    this.pipes = pipes;
  }

  get pid(): number {
    return this.handle.pid;
  }

  kill(signal: string): void {
    try {
      // The name was checked where it came in.
      this.handle.kill(signal as Deno.Signal);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}
