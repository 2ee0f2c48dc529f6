import { show } from "../../../protocols/option_checks.ts";
import type { CommandOptions } from "../command_options.ts";
import type { StdinStdio, Stdio } from "../stdio.ts";
import { claimTerminal, type Terminal, type TerminalEnds } from "../terminal.ts";
import type { Child, ChildPipe } from "./child.ts";
import { CommandChild, spawnCommand } from "./command_child.ts";

/**
 * Makes a session, has the terminal that is its stdin control it, and becomes the program:
 * setsid(1) of util-linux or BusyBox. `Deno.Command` can do the first only.
 */
export const SESSION_STARTER = "setsid";

/** Starts a program in a terminal; what it is given as stdin, stdout and stderr is that. */
export function startInTerminal(
  program: string | URL,
  stdio: readonly (Stdio | StdinStdio)[],
  options: CommandOptions,
  terminal: Terminal,
): Child {
  checkStdio(program, stdio);
  const name = program instanceof URL ? decodeURIComponent(program.pathname) : program;
  const ends = claimTerminal(terminal);
  try {
    const { args = [], uid } = options;
    if (uid !== undefined) ends.giveTo(uid);
    const { descriptor } = ends;
    const command = { ...options, startNewSession: false };
    const descriptors = [descriptor, descriptor, descriptor] as const;
    const handle = spawnCommand(SESSION_STARTER, ["-c", name, ...args], command, descriptors);
    return toChild(handle, ends, stdio[0] === "piped");
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

/** One pipe of a program in a terminal is written, the other is read. */
function toChild(handle: Deno.ChildProcess, ends: TerminalEnds, hasStdin: boolean): Child {
  const pipes = new Map<number, ChildPipe>([[1, { input: ends.input }]]);
  if (hasStdin) pipes.set(0, { output: ends.output });
  else ends.output.release();
  const child = new CommandChild(handle, pipes);
  void child.exited.then(() => ends.onExit());
  return child;
}
