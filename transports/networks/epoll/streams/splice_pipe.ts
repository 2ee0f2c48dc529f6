import type { SystemBytes } from "../../../core/write/system_bytes.ts";
import { type Libc, O, SPLICE } from "../libc/libc.ts";
import { perLibc } from "../libc/per_libc.ts";

/** How much goes into a pipe at once, at most: a larger one would keep others waiting. */
const SPLICE_SIZE = 1_048_576n;
/** Pipes that wait for their next use, at most. */
const MAX_FREE = 16;

/** The pipes of a thread, by which bytes go from one socket to another. */
class Pipes {
  readonly #libc: Libc;
  readonly #free: Pipe[] = [];
  #users = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Keeps free pipes open until the function that it returns is called. */
  use(): () => void {
    this.#users++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#users--;
      if (this.#users === 0) { for (const pipe of this.#free.splice(0)) pipe.close(); }
    };
  }

  /** An empty pipe; `null` if the system has none to give. */
  take(): Pipe | null {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const ends = new Int32Array(2);
    const bytes = new Uint8Array(ends.buffer);
    if (this.#libc.pipe2(bytes, O.NONBLOCK | O.CLOEXEC) < 0) return null;
    const [output = -1, input = -1] = ends;
    return new Pipe(this.#libc, input, output, (pipe) => this.#giveBack(pipe));
  }

  #giveBack(pipe: Pipe): void {
    if (this.#users > 0 && this.#free.length < MAX_FREE) this.#free.push(pipe);
    else pipe.close();
  }
}

/**
 * A pipe on loan. It is filled only while it is empty: splice(2) says that it would have to wait
 * when a socket has no bytes as well as when the pipe has no room, and here it can mean the first
 * only.
 */
export class Pipe {
  readonly #libc: Libc;
  readonly #input: number;
  readonly #output: number;
  readonly #giveBack: (pipe: Pipe) => void;
  #size = 0;

  /** Owns both ends. */
  constructor(libc: Libc, input: number, output: number, giveBack: (pipe: Pipe) => void) {
    this.#libc = libc;
    this.#input = input;
    this.#output = output;
    this.#giveBack = giveBack;
  }

  /** Moves what a socket has received into the pipe; gives what splice(2) gives. */
  fill(fd: number): number {
    const flags = SPLICE.MOVE | SPLICE.NONBLOCK;
    const n = this.#libc.splice(fd, null, this.#input, null, SPLICE_SIZE, flags);
    this.#size = Math.max(n, 0);
    return n;
  }

  /**
   * The bytes in the pipe, for the queue of a connection.
   *
   * @param sendBy Sends by the call that it is given, which moves bytes into a socket.
   */
  bytesFor(sendBy: (send: (fd: number) => number) => number | Promise<number>): SystemBytes {
    const send = (fd: number): number => this.#empty(fd);
    return { send: () => sendBy(send), end: () => this.end() };
  }

  /** Ends its use. With bytes in it, it has no other. */
  end(): void {
    if (this.#size > 0) this.close();
    else this.#giveBack(this);
  }

  /** Closes both ends; the bytes that are in it are lost. */
  close(): void {
    this.#size = 0;
    this.#libc.close(this.#input);
    this.#libc.close(this.#output);
  }

  #empty(fd: number): number {
    // A send that still waits: the numbers may be those of another pipe by now.
    if (this.#size === 0) return 0;
    const flags = SPLICE.MOVE | SPLICE.NONBLOCK;
    const n = this.#libc.splice(this.#output, null, fd, null, BigInt(this.#size), flags);
    if (n > 0) this.#size -= n;
    return n;
  }
}

/** The pipes of this thread. */
export const pipesOf: (libc: Libc) => Pipes = perLibc((libc) => new Pipes(libc));
