import type { TerminalSize } from "../terminal.ts";

/** A program and its arguments. */
export interface Command {
  /** The program to run. */
  readonly program: string | URL;
  /** Its arguments. */
  readonly args: readonly string[];
}

const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/**
 * The command that runs a program in a terminal of its own; the program itself where it needs none.
 */
export function runInTerminal(
  program: string | URL,
  args: readonly string[],
  pty: boolean | TerminalSize,
): Command {
  if (pty === false) return { program, args };
  const { columns, rows } = pty === true ? USUAL_SIZE : pty;
  const name = program instanceof URL ? decodeURIComponent(program.pathname) : program;
  const words = [name, ...args].map(quote).join(" ");
  const line = `stty columns ${columns} rows ${rows}; exec ${words}`;
  switch (Deno.build.os) {
    case "linux":
      return { program: "script", args: ["-qec", line, "/dev/null"] };
    case "darwin":
      return { program: "script", args: ["-q", "/dev/null", "sh", "-c", line] };
    default:
      throw new TypeError(`Cannot run ${name} in a terminal: pty is for Linux and macOS`);
  }
}

/** A word that every shell takes as it is. */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
