/**
 * The contract between a child process and the protocol that hears it. The two name each other, so
 * both are in this one leaf file.
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";
import type { Transport } from "./contract.ts";
import type { ExtraInfo, ExtraInfoValue, ProcessExit } from "./facts/extra_info.ts";

/** Options for the end of a process. */
export interface ProcessShutdownOptions {
  /**
   * How many milliseconds the process may take to exit after SIGTERM. Then it is sent SIGKILL.
   *
   * @default {5000}
   */
  readonly grace?: number;
  /** Sends SIGKILL at once when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * A child process and its pipes: asyncio's `SubprocessTransport`. `subprocessExec` and
 * `subprocessShell` make one; `connectProcess` makes an ordinary transport of a process.
 *
 * Two moments end it, and they may be far apart: the process has ended
 * ({@linkcode SubprocessTransport.exited}), and all its pipes are closed as well
 * ({@linkcode SubprocessTransport.closed}), which a process that it has started can put off.
 */
export interface SubprocessTransport {
  /** The process id. */
  readonly pid: number;
  /**
   * The exit code; the number of the signal, below zero, that ended it; `null` while the process
   * runs.
   */
  readonly returncode: number | null;
  /** Resolves when the process has ended, whether or not its pipes are closed. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /**
   * Resolves to the same after `connectionLost`: the process has ended, and all pipes are closed.
   * Never rejects.
   */
  readonly closed: Promise<ProcessExit>;
  /** {@linkcode SubprocessTransport.pid}, as asyncio has it. */
  getPid(): number;
  /** {@linkcode SubprocessTransport.returncode}, as asyncio has it. */
  getReturncode(): number | null;
  /**
   * The transport of a pipe, each with flow control of its own. That of 0 can only be written,
   * those of 1 and 2 only be read; from 3 on they go both ways.
   *
   * @param fd The descriptor in the process: 0 for stdin, 1 for stdout, 2 for stderr.
   * @returns `null` where that is not a pipe.
   */
  getPipeTransport(fd: number): Transport | null;
  /**
   * Sends a signal. Does nothing once the process has ended.
   *
   * @param signal Its name, such as `"SIGHUP"`.
   * @throws {TypeError} If there is no such signal.
   */
  sendSignal(signal: string): void;
  /** Asks the process to end: SIGTERM. */
  terminate(): void;
  /** Ends the process: SIGKILL. */
  kill(): void;
  /**
   * Sends a signal to the process and all that it has started, as far as they are still in its
   * process group. Works for the rest of them after it has ended.
   *
   * @param signal Its name, SIGKILL by default.
   * @throws {InvalidStateError} If the process was not started with `startNewSession`.
   * @throws {TypeError} If there is no such signal.
   * @throws {Deno.errors.NotCapable} Without `--allow-run` for every program, which Deno demands
   * for this.
   */
  killGroup(signal?: string): void;
  /** Closes the pipes and kills the process if it still runs. */
  close(): void;
  /**
   * Ends the process with time to put things in order: SIGTERM, and SIGKILL after a grace; then
   * closes the pipes. Output that it writes meanwhile still arrives. Where it leads a process group
   * (`startNewSession`) and `--allow-run` is given for every program, both signals go to the group,
   * and the remaining processes of the group are killed.
   *
   * @param options How long the grace is, and a signal.
   * @returns How the process ended; resolves with {@linkcode SubprocessTransport.closed}.
   * @throws {RangeError} If the grace is below zero.
   */
  shutdown(options?: ProcessShutdownOptions): Promise<ProcessExit>;
  /** Whether {@linkcode SubprocessTransport.close} was called, or all has ended. */
  isClosing(): boolean;
  /** Makes another protocol hear what comes next. It is not told. */
  setProtocol(protocol: SubprocessProtocolCallbacks): void;
  /** The protocol that hears what comes. */
  getProtocol(): SubprocessProtocolCallbacks;
  /** As {@linkcode Transport.getExtraInfo}: `pid`, `exitStatus`, `subprocess`. */
  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F;
  /** {@linkcode SubprocessTransport.shutdown}, at the end of a scope that says `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The callbacks of a protocol of a {@linkcode SubprocessTransport}. An exception thrown by a
 * callback is reported once to `onError`, ends the process, and is passed to `connectionLost`.
 *
 * ```text
 * connectionMade -> (pipeDataReceived(fd)* -> pipeConnectionLost(fd)) for each pipe -> connectionLost
 *                   processExited, somewhere in between
 * ```
 */
export interface SubprocessProtocolCallbacks {
  /** Called once, first: the process runs. */
  connectionMade?(transport: SubprocessTransport): void;
  /**
   * Bytes arrived from a pipe; they are the protocol's to keep. Nothing more is read from this pipe
   * until a returned promise settles.
   */
  pipeDataReceived?(fd: number, chunk: Bytes): unknown;
  /** A pipe was closed: cleanly (`null`), or by a failure. */
  pipeConnectionLost?(fd: number, error: Error | null): void;
  /** The process has ended; `returncode` is known. Data may still come. */
  processExited?(): void;
  /** The write buffer of a pipe rose above its high mark: stop writing to it. */
  pauseWriting?(fd: number): void;
  /** It fell to its low mark: go on writing. */
  resumeWriting?(fd: number): void;
  /** Called once, last: the process has ended, and all pipes are closed. */
  connectionLost?(error: Error | null): void;
}
