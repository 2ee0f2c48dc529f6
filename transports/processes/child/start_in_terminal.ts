import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { show } from "../../../protocols/option_checks.ts";
import type { CommandOptions } from "../command_options.ts";
import type { StdinStdio, Stdio } from "../stdio.ts";
import { claimTerminal, type Terminal, type TerminalEnds } from "../terminal.ts";
import type { Child, ChildPipe } from "./child.ts";
import { CommandChild } from "./command_child.ts";

/**
 * Makes a session, has the terminal that is its stdin control it, and becomes the program:
 * setsid(1) of util-linux or BusyBox. `Deno.Command` can do the first only.
 */
export const SESSION_STARTER = "setsid";

/** Starts a program in a terminal; what it is given as stdin, stdout and stderr is that. */
export function startInTerminal(
  program: string | URL,
  stdio: readonly (Stdio | StdinStdio)[],
  { args = [], cwd, env, clearEnv = false, uid, gid }: CommandOptions,
  terminal: Terminal,
): Child {
  checkStdio(program, stdio);
  const name = program instanceof URL ? decodeURIComponent(program.pathname) : program;
  const ends = claimTerminal(terminal);
  try {
    if (uid !== undefined) ends.giveTo(uid);
    // Deno takes the number of a descriptor as well, which its types do not say.
    const descriptor = ends.descriptor as unknown as "inherit";
    const handle = new Deno.Command(SESSION_STARTER, {
      args: ["-c", name, ...args],
      clearEnv,
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
      stdin: descriptor,
      stdout: descriptor,
      stderr: descriptor,
    }).spawn();
    return new TerminalChild(handle, ends, stdio[0] === "piped");
  } catch (error) {
    ends.close();
    throw error;
  }
}

function checkStdio(program: string | URL, stdio: readonly (Stdio | StdinStdio)[]): void {
  const [stdin, stdout, , extra] = stdio;
  const wrong = stdin !== "piped" && stdin !== "null"
    ? `stdin is ${show(stdin)}, give "piped" or "null"`
    : stdout !== "piped"
    ? `stdout is ${show(stdout)}, give "piped"`
    : extra !== undefined
    ? "extraStdio is given, leave it out"
    : null;
  if (wrong === null) return;
  throw new TypeError(`Cannot run ${program} in a terminal of its own: ${wrong}`);
}

/** A program in a terminal: one pipe of it is written, the other is read. */
class TerminalChild implements Child {
  readonly handle: Deno.ChildProcess;
  readonly exited: Promise<ProcessExit>;
  readonly pipes: ReadonlyMap<number, ChildPipe>;
  readonly shared = null;
  readonly #child: CommandChild;

  constructor(handle: Deno.ChildProcess, ends: TerminalEnds, hasStdin: boolean) {
    this.#child = new CommandChild(handle, []);
    this.handle = handle;
    this.exited = this.#child.exited;
    this.pipes = new Map<number, ChildPipe>([
      ...hasStdin ? [[0, { output: ends.output }]] as const : [],
      [1, { input: ends.input }],
    ]);
    if (!hasStdin) ends.output.release();
    void this.exited.then(() => ends.onExit());
  }

  get pid(): number {
    return this.#child.pid;
  }

  kill(signal: string): void {
    this.#child.kill(signal);
  }
}
