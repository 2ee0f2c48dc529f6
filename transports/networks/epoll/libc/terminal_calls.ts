import type { TerminalSize } from "../../../processes/terminal.ts";
import { type Libc, O, TIOCSWINSZ } from "./libc.ts";
import { check } from "./socket_calls.ts";

/** More than the name of a terminal has: `/dev/pts/` and a number. */
const NAME_SIZE = 64;

/** The two ends of a new terminal. */
export interface TerminalPair {
  /** The end of the one who has it: posix_openpt(3). */
  readonly master: number;
  /** The end of the program, which keeps the terminal alive until the program has it. */
  readonly slave: number;
  /** The name of that. */
  readonly path: string;
}

/**
 * Opens a terminal: pts(4).
 *
 * @throws The error of the system, such as that there are no more of them.
 */
export function openTerminalPair(libc: Libc): TerminalPair {
  const flags = O.RDWR | O.NOCTTY | O.CLOEXEC;
  const master = check(libc, libc.posix_openpt(flags | O.NONBLOCK));
  try {
    check(libc, libc.grantpt(master));
    check(libc, libc.unlockpt(master));
    const name = new Uint8Array(NAME_SIZE);
    // It gives the number of the error; it can be that of no room only.
    check(libc, -libc.ptsname_r(master, name, BigInt(name.length)));
    const path = name.subarray(0, name.indexOf(0));
    const slave = check(libc, libc.open(name, flags, 0));
    return { master, slave, path: new TextDecoder().decode(path) };
  } catch (error) {
    libc.close(master);
    throw error;
  }
}

/** Sets the size of a terminal: `struct winsize` of ioctl_tty(2). */
export function setTerminalSize(libc: Libc, master: number, { columns, rows }: TerminalSize): void {
  const size = new Uint8Array(Uint16Array.of(rows, columns, 0, 0).buffer);
  check(libc, libc.ioctl(master, BigInt(TIOCSWINSZ), size));
}
