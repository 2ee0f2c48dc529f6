import { given } from "../../../protocols/option_checks.ts";
import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import type { CommandOptions } from "../command_options.ts";
import type { Child, ChildPipe } from "./child.ts";

/**
 * The values that `Deno.Command` takes for a descriptor; a number too, which its types do not say.
 */
export type CommandStdio = "piped" | "inherit" | "null" | number;

/** Starts a program by `Deno.Command`: the fast way, for three descriptors. */
export function spawnCommand(
  program: string | URL,
  args: readonly string[],
  { cwd, env, clearEnv = false, uid, gid, startNewSession = false }: CommandOptions,
  stdio: readonly [CommandStdio, CommandStdio, CommandStdio],
): Deno.ChildProcess {
  const [stdin, stdout, stderr] = stdio as readonly ["piped", "piped", "piped"];
  return new Deno.Command(program, {
    args: [...args],
    clearEnv,
    detached: startNewSession,
    ...given({ cwd, env, uid, gid }),
    stdin,
    stdout,
    stderr,
  }).spawn();
}

/** A process that `Deno.Command` has started. */
export class CommandChild implements Child {
  readonly handle: Deno.ChildProcess;
  readonly exited: Promise<ProcessExit>;
  readonly pipes: ReadonlyMap<number, ChildPipe>;
  readonly shared = null;

  /** Takes over a process, whose descriptors with pipes are these. */
  constructor(handle: Deno.ChildProcess, pipes: ReadonlyMap<number, ChildPipe>) {
    this.handle = handle;
    this.exited = handle.status.then(({ success, code, signal }) => ({ success, code, signal }));
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
