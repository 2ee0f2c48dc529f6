import type { Bytes } from "../../protocols/bytes.ts";
import type { ProcessExit } from "../../protocols/facts/extra_info.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { ProcessFailedError } from "../../protocols/errors/process_errors.ts";
import type {
  ProcessShutdownOptions,
  SubprocessTransport,
} from "../../protocols/subprocess_contract.ts";
import { type CommunicateOptions, Communication } from "./_communication.ts";
import type { ProcessProtocol } from "./_process_protocol.ts";
import type { StreamConnection } from "../stream_connection.ts";
import type { StreamReader } from "../reading/stream_reader.ts";
import { signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import { type StreamWriter, writerOf } from "../writing/stream_writer.ts";

export type { CommunicateOptions };

/** The output of a process, and how it ended. */
export interface ProcessOutput extends ProcessExit {
  /** Its output on stdout; empty if stdout is no pipe. */
  readonly stdout: Bytes;
  /** The bytes that the process wrote to stderr; empty if that is not a pipe. */
  readonly stderr: Bytes;
}

/**
 * A child process with a writer to its stdin and readers of its output: asyncio's `Process`.
 * `createSubprocessExec` and `createSubprocessShell` make one.
 *
 * The process has ended when {@linkcode Process.wait} resolves; what it has written can still be
 * read then. {@linkcode Process.closed} waits for its pipes as well, which other processes may hold
 * open that it has started. A pipe that is not read makes the process wait: read it, call
 * {@linkcode Process.communicate}, or give it to `"null"`.
 *
 * @example A conversation
 * ```ts
 * import { createSubprocessExec } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using process = await createSubprocessExec("cat", { stdin: "piped", stdout: "piped" });
 * process.stdin.write("one\n");
 * assertEquals(new TextDecoder().decode(await process.stdout.readline()), "one\n");
 * process.stdin.writeEof();
 * assertEquals(await process.wait(), 0);
 * ```
 */
export class Process implements AsyncDisposable {
  /** The transport of the process, with one for each pipe. */
  readonly transport: SubprocessTransport;
  readonly #protocol: ProcessProtocol;
  readonly #program: string;
  readonly #stdin: StreamWriter | null;
  #communication: Communication | null = null;

  /** Joins a live process to its protocol; see `createSubprocessExec`. */
  constructor(transport: SubprocessTransport, protocol: ProcessProtocol, program: string) {
    this.transport = transport;
    this.#protocol = protocol;
    this.#program = program;
    this.#stdin = protocol.stdin && writerOf(protocol.stdin);
  }

  /** The process id. */
  get pid(): number {
    return this.transport.pid;
  }

  /**
   * The exit code; the number of the signal, below zero, that ended it; `null` while the process
   * runs.
   */
  get returncode(): number | null {
    return this.transport.returncode;
  }

  /**
   * Resolves to how the process ended, once it has, whether or not its pipes are closed. Never
   * rejects.
   */
  get exited(): Promise<ProcessExit> {
    return this.transport.exited;
  }

  /** Resolves to the same once all its pipes are closed as well. Never rejects. */
  get closed(): Promise<ProcessExit> {
    return this.transport.closed;
  }

  /**
   * The way into the process. Once that reads no more, `drain()` fails with
   * `Deno.errors.BrokenPipe`; output and exit are not touched by it.
   *
   * @throws {InvalidStateError} If stdin is no pipe.
   */
  get stdin(): StreamWriter {
    return this.#stdin ?? this.#fail("stdin");
  }

  /**
   * The output of the process.
   *
   * @throws {InvalidStateError} If stdout is no pipe.
   */
  get stdout(): StreamReader {
    return this.#protocol.readers.get(1) ?? this.#fail("stdout");
  }

  /**
   * The error output of the process.
   *
   * @throws {InvalidStateError} If stderr is no pipe.
   */
  get stderr(): StreamReader {
    return this.#protocol.readers.get(2) ?? this.#fail("stderr");
  }

  /**
   * A further pipe, which goes both ways; see the option `extraStdio`.
   *
   * @param fd The descriptor in the process, from 3 on.
   * @throws {InvalidStateError} If that is no pipe.
   */
  pipe(fd: number): StreamConnection {
    return this.#protocol.connections.get(fd) ?? this.#fail(`descriptor ${fd}`);
  }

  /**
   * Waits until the process has ended: the exit alone, even if its pipes are still open.
   *
   * @param options A signal: when it aborts the waiting ends with its reason, and the process goes
   * on.
   * @returns The exit code; the number of the signal, below zero, that ended it. See
   * {@linkcode Process.exited} for more.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    const signal = signalOf("wait for process", options);
    signal?.throwIfAborted();
    while (this.returncode === null) await this.#protocol.exitWaiters.wait(signal);
    return this.returncode;
  }

  /**
   * Writes all input and ends stdin, reads all output, and waits for the exit, all at the same
   * time: asyncio's `communicate`. A process that does not read all its input is no failure. Where
   * stdin is a pipe it is ended without input as well.
   *
   * @param input What the process is to read: bytes, or a string as UTF-8.
   * @param options How much may be collected, and a signal.
   * @returns The output that had not been read before, and how the process ended.
   * @throws {OutputLimitError} If a pipe gives more than `maxOutput`. The process has been ended
   * then.
   * @throws {InvalidStateError} If there is input and stdin is no pipe, or there is another reader.
   *
   * @example Sorting
   * ```ts
   * import { createSubprocessExec } from "@sluice/net";
   * import { assertEquals } from "@std/assert";
   *
   * const process = await createSubprocessExec("sort", { stdin: "piped", stdout: "piped" });
   * const { stdout, code } = await process.communicate("pear\napple\n");
   * assertEquals(new TextDecoder().decode(stdout), "apple\npear\n");
   * assertEquals(code, 0);
   * ```
   */
  async communicate(
    input?: Uint8Array | string,
    options: CommunicateOptions = {},
  ): Promise<ProcessOutput> {
    const [stdout, stderr] = await this.#communicate().run(input, options);
    const none = new Uint8Array(0);
    return { stdout: stdout ?? none, stderr: stderr ?? none, ...await this.exited };
  }

  /**
   * {@linkcode Process.communicate}, and an error unless the process succeeds.
   *
   * @param input As there.
   * @param options As there.
   * @returns As there.
   * @throws {ProcessFailedError} If the exit code is not 0, or a signal ended it; with the last
   * lines of stderr, if that is a pipe.
   * @throws As {@linkcode Process.communicate}.
   */
  async check(
    input?: Uint8Array | string,
    options: CommunicateOptions = {},
  ): Promise<ProcessOutput> {
    const output = await this.communicate(input, options);
    if (output.success) return output;
    throw this.failureOf(output);
  }

  /** The error that says how the process failed, with the last lines of its stderr. */
  failureOf({ code, signal }: ProcessExit): ProcessFailedError {
    return new ProcessFailedError(this.#program, code, signal, this.#protocol.complaints.lines);
  }

  /** As {@linkcode SubprocessTransport.sendSignal}. */
  sendSignal(signal: string): void {
    this.transport.sendSignal(signal);
  }

  /** Asks the process to end: SIGTERM. */
  terminate(): void {
    this.transport.terminate();
  }

  /** Ends the process: SIGKILL. */
  kill(): void {
    this.transport.kill();
  }

  /** As {@linkcode SubprocessTransport.killGroup}. */
  killGroup(signal?: string): void {
    this.transport.killGroup(signal);
  }

  /**
   * Ends the process: SIGTERM, and SIGKILL after a grace; then closes its pipes. Received output
   * can still be read; later output is dropped. Does little more than close the pipes if the
   * process has ended.
   *
   * @param options How long the grace is, and a signal that cuts it short.
   * @returns How the process ended.
   */
  async shutdown(options: ProcessShutdownOptions = {}): Promise<ProcessExit> {
    const ended = this.transport.shutdown(options);
    this.#protocol.discard();
    return await ended;
  }

  /** {@linkcode Process.shutdown}, at the end of a scope that says `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** The one communication of this process, which an aborted call leaves to the next. */
  #communicate(): Communication {
    const { readers } = this.#protocol;
    return this.#communication ??= new Communication(
      this.#stdin,
      [readers.get(1) ?? null, readers.get(2) ?? null],
      (signal) => this.wait({ signal }),
      (signal) => this.shutdown({ signal }),
    );
  }

  #fail(name: string): never {
    const option = name.startsWith("std") ? `${name}: "piped"` : `extraStdio: ["piped"]`;
    throw new InvalidStateError(
      `Cannot use ${name} of ${this.#program}: it is no pipe, start it with ${option}`,
    );
  }
}
