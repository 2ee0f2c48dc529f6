import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { Duplex } from "node:stream";
import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { NodeInput, NodeOutput } from "../../carriers/pipes/node_pipe.ts";
import type { Child, ChildPipe } from "./child.ts";

/**
 * A process that node:child_process has started: the way for more than three descriptors, and for
 * pipes between processes. From descriptor 3 on a pipe goes both ways.
 */
export class NodeChild implements Child {
  readonly handle: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  readonly pipes: ReadonlyMap<number, ChildPipe>;
  readonly shared: Duplex | null;

  /** Takes over a process that runs. `isShared` says whether its stdin is for another process. */
  constructor(handle: ChildProcess, exited: Promise<ProcessExit>, isShared: boolean) {
    this.handle = handle;
    this.exited = exited;
    const stdin = handle.stdin instanceof Duplex ? handle.stdin : null;
    this.shared = isShared ? stdin : null;
    const pipes = new Map<number, ChildPipe>();
    for (const [fd, stream] of (handle.stdio ?? []).entries()) {
      if (!(stream instanceof Duplex) || (fd === 0 && isShared)) continue;
      const output = fd === 1 || fd === 2 ? undefined : new NodeOutput(stream);
      const input = fd === 0 ? undefined : new NodeInput(stream);
      pipes.set(fd, { ...(input && { input }), ...(output && { output }) });
    }
    this.pipes = pipes;
  }

  /** Starts a process and waits until it runs. */
  static async start(
    program: string,
    args: readonly string[],
    options: SpawnOptions,
    isShared: boolean,
  ): Promise<NodeChild> {
    const handle = spawn(program, [...args], options);
    const exited = Promise.withResolvers<ProcessExit>();
    handle.on("exit", (code, signal) => exited.resolve(exitOf(code, signal)));
    await once(handle, "spawn");
    // A signal that could not be sent shall not end this program.
    handle.on("error", () => {});
    return new NodeChild(handle, exited.promise, isShared);
  }

  get pid(): number {
    return this.handle.pid ?? 0;
  }

  kill(signal: string): void {
    if (this.handle.exitCode !== null) return;
    const { stdin } = this.handle;
    // Deno's handle closes stdin before it sends any signal: a program that reads it could end by
    // itself first, and would miss what is written later.
    this.handle.stdin = null;
    // The name was checked where it came in.
    const isSent = this.handle.kill(signal as NodeJS.Signals);
    // Deno's handle sends one signal only, and takes any signal for the end of the process; this
    // resets it.
    Object.assign(this.handle, { killed: false, signalCode: null, stdin });
    if (!isSent) this.#sendAgain(signal as Deno.Signal);
  }

  /**
   * Deno's handle does not say why it sent none: the process has ended, or the system refuses it.
   */
  #sendAgain(signal: Deno.Signal): void {
    try {
      Deno.kill(this.pid, signal);
    } catch (error) {
      // Anything else: it has ended, or Deno may not look, as with a list of programs to run.
      if (error instanceof Deno.errors.PermissionDenied) throw error;
    }
  }
}

function exitOf(code: number | null, signal: string | null): ProcessExit {
  if (signal === null) return { success: code === 0, code: code ?? 0, signal };
  const number: unknown = Reflect.get(constants.signals, signal);
  return { success: false, code: 128 + Number(number), signal };
}
