import {
  type Check,
  check,
  optionsOf,
  type OptionTable,
  show,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { isTerminal, type Terminal, type TerminalSize } from "./terminal.ts";

/** Options for a program that is started: what every way to start one takes. */
export interface CommandOptions {
  /** The arguments of the program; none by default. */
  readonly args?: readonly string[];
  /** The folder that it runs in; ours by default. */
  readonly cwd?: string | URL;
  /** Variables of its environment, beside ours; none by default. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether it gets no other variables than those of `env`.
   *
   * @default {false}
   */
  readonly clearEnv?: boolean;
  /** The number of the user that it runs as; ours by default. Not on Windows. */
  readonly uid?: number;
  /** The number of the group that it runs as; ours by default. Not on Windows. */
  readonly gid?: number;
  /**
   * Whether it leads a session and a process group of its own, so that signals can reach all that
   * it starts, and those of the terminal do not reach it.
   *
   * @default {false}
   */
  readonly startNewSession?: boolean;
  /**
   * Whether the process is ended together with ours: by `Deno.exit`, an exception that is not
   * caught, SIGINT, SIGTERM and SIGHUP. A signal is then raised again, so our process ends by it as
   * it would without children. A process that SIGKILL ends cannot end others.
   *
   * Handlers of your own for these signals are called twice, as Deno does not tell that they are
   * there: set this to `false` where they end the children themselves.
   *
   * @default {true}
   */
  readonly endWithParent?: boolean;
  /**
   * Whether stdin, stdout and stderr of the program are a terminal, or of what size one: 80 columns
   * and 24 rows by default; or the terminal itself, of `openTerminal` of `@sluice/net/epoll`.
   *
   * Deno has no terminals to give: without one of those, the program is run by `script` of
   * util-linux (Linux) or BSD (macOS), which has to be there. stdout and stderr become one, output
   * has `\r\n` for line ends, input is echoed, and signals go to `script`, which ends the program
   * with them.
   *
   * @default {false}
   */
  readonly pty?: boolean | TerminalSize | Terminal;
}

const word: Check = (value, option) => {
  check.text(value, option);
  if (String(value).includes("\0")) {
    throw wrongKind(option, value, "holds a NUL, where the system would cut it off");
  }
};

const folder: Check = (value, option) => {
  if (!(value instanceof URL)) word(value, option);
};

const environment: Check = (value, option) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongKind(option, value, "is not an object of strings");
  }
  for (const [name, content] of Object.entries(value)) {
    if (name === "" || /[=\0]/.test(name)) {
      throw wrongKind(option, name, "is not the name of a variable");
    }
    word(content, { ...option, name: `${option.name}.${name}` });
  }
};

/** The largest number of a user or a group: the one above it means none. */
const MAX_ID = 0xffff_fffe;

/** The checks of {@linkcode TerminalSize}. */
export const TERMINAL_SIZE_CHECKS: OptionTable<TerminalSize> = {
  columns: check.wholeNumber(1, 65_535),
  rows: check.wholeNumber(1, 65_535),
};

/** The checks of {@linkcode CommandOptions}. */
export const COMMAND_CHECKS: OptionTable<CommandOptions> = {
  args: check.listOf(word),
  cwd: folder,
  env: environment,
  clearEnv: check.flag,
  uid: check.wholeNumber(0, MAX_ID),
  gid: check.wholeNumber(0, MAX_ID),
  startNewSession: check.flag,
  endWithParent: check.flag,
  pty: check.either(
    (value) => typeof value === "boolean",
    check.flag,
    check.either(isTerminal, () => {}, optionsOf(TERMINAL_SIZE_CHECKS, ["columns", "rows"])),
  ),
};

/** Throws for what cannot be the name of a program. */
export function checkProgram(program: unknown): void {
  if (program instanceof URL) return;
  const option = { action: "run", name: "program" };
  if (program === "") throw new TypeError("Cannot run: the name of the program is empty");
  if (typeof program !== "string") {
    const remedy = Array.isArray(program) ? "; the rest of the line goes into args" : "";
    throw new TypeError(`Cannot run: ${show(program)} is not the name of a program${remedy}`);
  }
  word(program, option);
}
