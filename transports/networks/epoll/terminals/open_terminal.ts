import { InvalidStateError } from "../../../../protocols/errors.ts";
import { checkOptions } from "../../../../protocols/option_checks.ts";
import { TERMINAL_SIZE_CHECKS } from "../../../processes/command_options.ts";
import {
  addTerminal,
  type Terminal,
  type TerminalEnds,
  type TerminalSize,
} from "../../../processes/terminal.ts";
import type { Libc } from "../libc/libc.ts";
import { loadLibc } from "../libc/load_libc.ts";
import { check } from "../libc/socket_calls.ts";
import { openTerminalPair, setTerminalSize, type TerminalPair } from "../libc/terminal_calls.ts";
import { TerminalPipe } from "./terminal_pipe.ts";

/** The group is left as it is: chown(2). */
const SAME_GROUP = 0xffff_ffff;

/**
 * Opens a terminal for a program, for the option `pty` of processes. Other than with `pty: true` no
 * `script` runs in between: the process is the program itself, with its own exit code and signals,
 * and the terminal can be given another size.
 *
 * The program leads a session that the terminal controls: `"\x03"` (Ctrl-C) as input interrupts the
 * program in the foreground, and the end of stdin is typed as Ctrl-D. stdout and stderr are one,
 * which is read as stdout, and output has `\r\n` for line ends. It ends once no process has the
 * terminal open.
 *
 * Needs `--allow-ffi` as {@linkcode epollNetwork} does, and `--allow-run=setsid`: setsid(1) of
 * util-linux or BusyBox makes the session and becomes the program, so one that is not there is exit
 * code 127.
 *
 * @example A shell
 * ```ts ignore
 * import { createSubprocessExec } from "@sluice/net";
 * import { openTerminal } from "@sluice/net/epoll";
 *
 * const terminal = openTerminal({ columns: 120, rows: 40 });
 * await using shell = await createSubprocessExec("bash", {
 *   pty: terminal,
 *   stdin: "piped",
 *   stdout: "piped",
 * });
 * shell.stdin.write("stty size\n");
 * terminal.resize({ columns: 80, rows: 24 });
 * ```
 *
 * @param size How large it is; 80 columns and 24 rows by default.
 * @returns The terminal, which belongs to the caller until a program is started in it.
 * @throws {TypeError} If the C library cannot be used here, or the size lacks one of the two.
 * @throws {RangeError} If the size is out of range.
 */
export function openTerminal(size: TerminalSize = { columns: 80, rows: 24 }): Terminal {
  checkOptions("open terminal", size, TERMINAL_SIZE_CHECKS, ["columns", "rows"]);
  const libc = loadLibc();
  const pair = openTerminalPair(libc);
  const terminal = new SystemTerminal(libc, pair);
  try {
    terminal.resize(size);
  } catch (error) {
    terminal[Symbol.dispose]();
    throw error;
  }
  addTerminal(terminal, () => terminal.claim());
  return terminal;
}

class SystemTerminal implements Terminal {
  readonly path: string;
  readonly #libc: Libc;
  readonly #pair: TerminalPair;
  #state: "open" | "taken" | "closed" = "open";
  #hasSlave = true;

  constructor(libc: Libc, pair: TerminalPair) {
    this.#libc = libc;
    this.#pair = pair;
    this.path = pair.path;
  }

  resize(size: TerminalSize): void {
    checkOptions("resize terminal", size, TERMINAL_SIZE_CHECKS, ["columns", "rows"]);
    if (this.#state === "closed") {
      throw new InvalidStateError("Cannot resize terminal: it is closed");
    }
    setTerminalSize(this.#libc, this.#pair.master, size);
  }

  [Symbol.dispose](): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#closeSlave();
    this.#libc.close(this.#pair.master);
  }

  /** Its ends, for one program. */
  claim(): TerminalEnds {
    if (this.#state !== "open") {
      const why = this.#state === "taken" ? "another program has it" : "it is closed";
      throw new InvalidStateError(`Cannot use terminal ${this.path}: ${why}; open another one`);
    }
    this.#state = "taken";
    const pipe = new TerminalPipe(this.#libc, this.#pair.master, () => this.#state = "closed");
    const { input, output } = pipe;
    const closeSlave = () => this.#closeSlave();
    return {
      input,
      output,
      descriptor: this.#pair.slave,
      giveTo: (uid) => void check(this.#libc, this.#libc.fchown(this.#pair.slave, uid, SAME_GROUP)),
      onExit: () => {
        closeSlave();
        pipe.onExit();
      },
      close: () => {
        closeSlave();
        input.release();
        output.release();
      },
    };
  }

  #closeSlave(): void {
    if (this.#hasSlave) this.#libc.close(this.#pair.slave);
    this.#hasSlave = false;
  }
}
