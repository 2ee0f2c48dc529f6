import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import type { Duplex } from "node:stream";
import type { PipeInput, PipeOutput } from "../../carriers/pipes/pipe_carrier.ts";

/** Our ends of one descriptor of a child. */
export interface ChildPipe {
  /** The pipes that the child writes. */
  readonly input?: PipeInput;
  /** The pipe that the child reads. */
  readonly output?: PipeOutput;
}

/** A process that was started in one of several ways. */
export interface Child {
  /** Its number. */
  readonly pid: number;
  /** The object of Deno or Node. */
  readonly handle: object;
  /** Resolves when it has ended. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** The pipes to it by their number there. */
  readonly pipes: ReadonlyMap<number, ChildPipe>;
  /** The writing end of its stdin, where that is for another process. */
  readonly shared: Duplex | null;
  /** Sends a signal; does nothing if it has ended. */
  kill(signal: string): void;
}
