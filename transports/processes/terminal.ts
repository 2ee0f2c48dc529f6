import type { PipeInput, PipeOutput } from "../carriers/pipes/pipe_carrier.ts";
import { InvalidStateError } from "../../protocols/errors.ts";

/** The size of a terminal, in characters. */
export interface TerminalSize {
  /** The width, in characters. */
  readonly columns: number;
  /** The height, in lines. */
  readonly rows: number;
}

/**
 * A terminal for one program, for the option `pty`: `openTerminal` of `@sluice/net/epoll` gives
 * one. It belongs to the program once that is started, and is closed when both have ended.
 */
export interface Terminal extends Disposable {
  /** The file of the terminal, such as `/dev/pts/3`. */
  readonly path: string;
  /**
   * Gives it another size; the program is told by SIGWINCH.
   *
   * @throws {InvalidStateError} If it is closed.
   */
  resize(size: TerminalSize): void;
  /** Closes it, if no program has it. */
  [Symbol.dispose](): void;
}

/** The ends of a terminal, for the one who starts the program. */
export interface TerminalEnds {
  /** The stream that the program writes. */
  readonly input: PipeInput;
  /** The stream that it reads. */
  readonly output: PipeOutput;
  /** The descriptor for stdin, stdout and stderr of the program. */
  readonly descriptor: number;
  /** Lets another user open it. */
  giveTo(uid: number): void;
  /** The program has ended: what others have of the terminal is all that holds it open. */
  onExit(): void;
  /** There is no program after all. */
  close(): void;
}

/** The functions that give the ends of each terminal, once. */
const ends = new WeakMap<Terminal, () => TerminalEnds>();

/** A terminal is there. */
export function addTerminal(terminal: Terminal, claim: () => TerminalEnds): void {
  ends.set(terminal, claim);
}

/** Whether a value is a terminal. */
export function isTerminal(value: unknown): value is Terminal {
  return typeof value === "object" && value !== null && ends.has(value as Terminal);
}

/**
 * The ends of a terminal, for one program.
 *
 * @throws {InvalidStateError} If it is closed, or another program has it.
 */
export function claimTerminal(terminal: Terminal): TerminalEnds {
  const claim = ends.get(terminal);
  if (claim === undefined) throw new InvalidStateError("Cannot use terminal: it is none");
  return claim();
}
