import type { Duplex } from "node:stream";
import { InvalidStateError } from "../../../protocols/errors.ts";

/** The writing end of a process' stdin that is for another process. One of them gets it. */
export class SharedStdin {
  readonly #pid: number;
  readonly #wasShared: boolean;
  #stream: Duplex | null;
  #isClaimed = false;

  /** Takes the writing end; `null` if the process was started without such a stdin. */
  constructor(pid: number, stream: Duplex | null) {
    this.#pid = pid;
    this.#stream = stream;
    this.#wasShared = stream !== null;
  }

  /**
   * Keeps it for a process that is being started.
   *
   * @throws {InvalidStateError} If there is none, or another process has it.
   */
  claim(): void {
    if (this.#stream === null || this.#isClaimed) throw this.#refusal();
    this.#isClaimed = true;
  }

  /** The process that claimed it could not be started. */
  giveBack(): void {
    this.#isClaimed = false;
  }

  /**
   * The stream that the process is given.
   *
   * @throws {InvalidStateError} If the reader has ended meanwhile.
   */
  get stream(): Duplex {
    if (this.#stream === null) throw this.#refusal();
    return this.#stream;
  }

  /** That process has it, or none will: without other holders the reader comes to its end. */
  drop(): void {
    this.#stream?.destroy();
    this.#stream = null;
  }

  #refusal(): InvalidStateError {
    const why = !this.#wasShared
      ? `it was not started with stdin: "shared"`
      : this.#isClaimed
      ? "it was given to another process"
      : "the process has ended";
    return new InvalidStateError(`Cannot share stdin of process ${this.#pid}: ${why}`);
  }
}
