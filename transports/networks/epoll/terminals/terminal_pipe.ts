import { type Bytes, copyOf } from "../../../../protocols/bytes.ts";
import type { PipeInput, PipeOutput } from "../../../carriers/pipes/pipe_carrier.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { isTransient } from "../libc/errno.ts";
import { E, EPOLL, type Libc } from "../libc/libc.ts";
import { reactorOf, type ReadyHandler, type Watch } from "../_reactor.ts";

/** How much is read at once, in bytes: a terminal keeps no more. */
const READ_SIZE = 65_536n;
/** The keys that end the input of a program: Ctrl-D, and again if the line has begun. */
const END = Uint8Array.of(4, 4);
const LINE_FEED = 10;

const memory = new Uint8Array(Number(READ_SIZE));

/** The end of a terminal that is not the program's, as two pipes. */
export class TerminalPipe implements ReadyHandler {
  readonly input: PipeInput = {
    next: () => this.#next(),
    release: () => {
      this.#release("input");
      this.#wakeReader();
    },
  };
  readonly output: PipeOutput = {
    write: (bytes) => this.#write(bytes),
    end: () => this.#endOutput(),
    release: () => void this.#endOutput(),
  };
  readonly #libc: Libc;
  readonly #watch: Watch;
  readonly #onClosed: () => void;
  readonly #inUse = new Set(["input", "output"]);
  readonly #outputEnded = Promise.withResolvers<void>();
  #isEnding = false;
  #isProgramThere = true;
  // How much is left to type of the end.
  #end = END.subarray(1);
  #onReadable: (() => void) | null = null;
  #onWritable: (() => void) | null = null;

  /** Owns the descriptor from now on. */
  constructor(libc: Libc, fd: number, onClosed: () => void) {
    this.#libc = libc;
    this.#onClosed = onClosed;
    this.#watch = reactorOf(libc).open(fd, this);
  }

  onReady(events: number): void {
    const isFailed = (events & (EPOLL.ERR | EPOLL.HUP)) !== 0;
    if (isFailed || (events & EPOLL.IN) !== 0) this.#wakeReader();
    if (isFailed || (events & EPOLL.OUT) !== 0) this.#wakeWriter();
    this.#watch.interest = this.#wanted;
  }

  get #wanted(): number {
    return (this.#onReadable === null ? 0 : EPOLL.IN) |
      (this.#onWritable === null ? 0 : EPOLL.OUT);
  }

  async #next(): Promise<IteratorResult<Bytes, void>> {
    for (;;) {
      if (!this.#inUse.has("input")) return { done: true, value: undefined };
      const n = this.#libc.read(this.#watch.fd, memory, READ_SIZE);
      if (n > 0) return { done: false, value: copyOf(memory, 0, n) };
      const errno = n === 0 ? E.IO : this.#libc.errno;
      // No process has the terminal open any more, and all that they wrote was read: tty_ioctl(4)
      // calls it a hang-up.
      if (errno === E.IO) return { done: true, value: undefined };
      if (!isTransient(errno)) throw fromErrno(errno);
      await new Promise<void>((resolve) => {
        this.#onReadable = resolve;
        this.#watch.interest = this.#wanted;
      });
    }
  }

  async #write(bytes: Uint8Array): Promise<number> {
    for (;;) {
      if (this.#isEnding) throw new Deno.errors.Interrupted("The terminal was closed");
      const n = this.#libc.write(this.#watch.fd, bytes as Bytes, BigInt(bytes.length));
      if (n > 0) {
        this.#end = END.subarray(bytes[n - 1] === LINE_FEED ? 1 : 0);
        return n;
      }
      const { errno } = this.#libc;
      if (!isTransient(errno)) throw fromErrno(errno === E.IO ? E.PIPE : errno);
      await new Promise<void>((resolve) => {
        this.#onWritable = resolve;
        this.#watch.interest = this.#wanted;
      });
    }
  }

  /** The program has ended: the end of its input is not typed later any more. */
  onExit(): void {
    this.#isProgramThere = false;
    if (this.#isEnding) this.#wakeWriter();
  }

  /** Ends what the program reads; a write that waits fails. */
  #endOutput(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#wakeWriter();
      this.#typeEnd();
    }
    return this.#outputEnded.promise;
  }

  #typeEnd(): void {
    while (this.#end.length > 0) {
      const n = this.#libc.write(this.#watch.fd, this.#end, BigInt(this.#end.length));
      if (n > 0) this.#end = this.#end.subarray(n);
      else if (!this.#isProgramThere || !isTransient(this.#libc.errno)) break;
      else {
        // The program has yet to read what was typed before.
        this.#onWritable = () => this.#typeEnd();
        this.#watch.interest = this.#wanted;
        return;
      }
    }
    this.#outputEnded.resolve();
    this.#release("output");
  }

  #release(end: "input" | "output"): void {
    if (!this.#inUse.delete(end) || this.#inUse.size > 0) return;
    this.#watch.close();
    this.#onClosed();
  }

  #wakeReader(): void {
    const wake = this.#onReadable;
    this.#onReadable = null;
    wake?.();
  }

  #wakeWriter(): void {
    const wake = this.#onWritable;
    this.#onWritable = null;
    wake?.();
  }
}
