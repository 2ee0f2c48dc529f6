import { giveTransport } from "../../../protocols/base_protocol.ts";
import type { ProtocolCallbacks, Transport } from "../../../protocols/contract.ts";
import type {
  ExtraInfo,
  ExtraInfoValue,
  ProcessExit,
} from "../../../protocols/facts/extra_info.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { check, checkOptions, type OptionTable, show } from "../../../protocols/option_checks.ts";
import type {
  ProcessShutdownOptions,
  SubprocessProtocolCallbacks,
  SubprocessTransport,
} from "../../../protocols/subprocess_contract.ts";
import { PipeCarrier } from "../../carriers/pipes/pipe_carrier.ts";
import { callBack, type CallbackErrorSink, checkProtocol } from "../../core/callbacks.ts";
import { startTransport } from "../../core/connect_carrier.ts";
import { settlesInTime } from "../../core/clock.ts";
import { report, toError } from "../../core/error_report.ts";
import { describeOsError } from "../../core/os_error.ts";
import type { TransportOptions } from "../../core/transport_options.ts";
import type { Child } from "./child.ts";
import { endWithUs } from "./end_with_us.ts";
import { SharedStdin } from "./shared_stdin.ts";
import { nodeModule } from "../../core/node_module.ts";

/** Options for a {@linkcode ChildTransport}. */
interface ChildTransportOptions extends Omit<TransportOptions, "layers"> {
  /** Whether the child leads a process group. */
  readonly startNewSession?: boolean;
  /** Whether it is ended together with us. */
  readonly endWithParent?: boolean;
}

/** The default of `grace`, in milliseconds. */
const GRACE_MS = 5000;

const SHUTDOWN_CHECKS: OptionTable<ProcessShutdownOptions> = {
  grace: check.duration({ zero: true }),
  signal: check.abortSignal,
};

/**
 * The transport of a child process: a transport for each pipe, and the exit.
 *
 * Pipes and exit end independently of each other, in any order; when the last of them has ended,
 * `connectionLost` is told. The exit is known at once, even if a process that the child has started
 * keeps the pipes open.
 */
export class ChildTransport implements SubprocessTransport {
  /** Its stdin, if that is for another process. */
  readonly sharedStdin: SharedStdin;
  readonly #child: Child;
  readonly #options: ChildTransportOptions;
  readonly #pipes = new Map<number, Transport>();
  // The pipes that are not lost yet.
  readonly #open = new Set<number>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly #closed = Promise.withResolvers<ProcessExit>();
  #protocol: SubprocessProtocolCallbacks;
  #exit: ProcessExit | null = null;
  #isClosing = false;
  #isLost = false;
  #error: Error | null = null;

  /** Starts with {@linkcode start}. */
  constructor(child: Child, protocol: SubprocessProtocolCallbacks, options: ChildTransportOptions) {
    this.#child = child;
    this.#protocol = protocol;
    this.#options = options;
    this.sharedStdin = new SharedStdin(child.pid, child.shared);
  }

  /** Connects the pipes, tells the protocol, and waits for the ends. */
  start(): void {
    const { pid, handle, exited, pipes } = this.#child;
    for (const [fd, pipe] of pipes) {
      const carrier = new PipeCarrier(pipe, { pid, subprocess: handle });
      // Output that the child wrote meanwhile is delivered in a later microtask, after
      // connectionMade.
      const { transport } = startTransport(() => this.#pipeProtocol(fd), carrier, this.#options);
      this.#pipes.set(fd, transport);
      this.#open.add(fd);
      void transport.closed.then(({ error }) => this.#losePipe(fd, error));
    }
    if (this.#options.endWithParent ?? true) {
      endWithUs(exited, (signal) => this.#signalAll(signal));
    }
    void exited.then((exit) => this.#onExit(exit));
    giveTransport(this.#protocol, this);
    this.#call("connectionMade", this);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get returncode(): number | null {
    if (this.#exit === null) return null;
    const { code, signal } = this.#exit;
    return signal === null ? code : 128 - code;
  }

  get exited(): Promise<ProcessExit> {
    return this.#exited.promise;
  }

  get closed(): Promise<ProcessExit> {
    return this.#closed.promise;
  }

  getPid(): number {
    return this.pid;
  }

  getReturncode(): number | null {
    return this.returncode;
  }

  getPipeTransport(fd: number): Transport | null {
    return this.#pipes.get(fd) ?? null;
  }

  sendSignal(signal: string): void {
    checkSignal(signal);
    if (this.#exit !== null) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      throw describeOsError(error, `Cannot send ${signal} to process ${this.pid}`);
    }
  }

  terminate(): void {
    this.sendSignal("SIGTERM");
  }

  kill(): void {
    this.sendSignal("SIGKILL");
  }

  killGroup(signal: string = "SIGKILL"): void {
    checkSignal(signal);
    if (!this.#options.startNewSession) {
      throw new InvalidStateError(
        `Cannot signal the group of process ${this.pid}: it has none of its own, start it with startNewSession`,
      );
    }
    signalGroup(this.pid, signal);
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.sharedStdin.drop();
    // Queued input has no reader: the process is killed.
    for (const transport of this.#pipes.values()) transport.abort();
    try {
      this.kill();
    } catch {
      // It runs as another user, as with sudo: it ends by itself.
    }
  }

  async shutdown(options: ProcessShutdownOptions = {}): Promise<ProcessExit> {
    checkOptions("end process", options, SHUTDOWN_CHECKS);
    const { grace = GRACE_MS, signal } = options;
    try {
      if (this.#exit === null) await this.#endInTime(grace, signal);
      // The processes that it has left behind.
      if (this.#options.startNewSession) this.#signalAll("SIGKILL");
    } finally {
      this.close();
    }
    return await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  isClosing(): boolean {
    return this.#isClosing || this.#isLost;
  }

  setProtocol(protocol: SubprocessProtocolCallbacks): void {
    checkProtocol(protocol);
    this.#protocol = protocol;
    giveTransport(protocol, this);
  }

  getProtocol(): SubprocessProtocolCallbacks {
    return this.#protocol;
  }

  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    const facts: Readonly<Record<string, unknown>> = {
      pid: this.pid,
      subprocess: this.#child.handle,
      exitStatus: this.#exit,
    };
    // Each name has the type that ExtraInfo promises; F is null where no fallback is given.
    return (facts[name] ?? fallback ?? null) as ExtraInfoValue<K> | F;
  }

  async #endInTime(grace: number, signal: AbortSignal | undefined): Promise<void> {
    // It may have last words, and wait until they are taken.
    for (const transport of this.#pipes.values()) transport.resumeReading();
    this.#signalAll("SIGTERM");
    if (!await settlesInTime(this.exited, grace, signal)) this.#signalAll("SIGKILL");
    await this.exited;
  }

  #pipeProtocol(fd: number): ProtocolCallbacks {
    return {
      // A promise that does not reject, if it is one.
      dataReceived: (chunk) => this.#call("pipeDataReceived", fd, chunk),
      pauseWriting: () => void this.#call("pauseWriting", fd),
      resumeWriting: () => void this.#call("resumeWriting", fd),
    };
  }

  #losePipe(fd: number, error: Error | null): void {
    this.#open.delete(fd);
    this.#call("pipeConnectionLost", fd, error);
    this.#finish();
  }

  #onExit(exit: ProcessExit): void {
    this.#exit = exit;
    this.sharedStdin.drop();
    this.#call("processExited");
    this.#exited.resolve(exit);
    this.#finish();
  }

  /**
   * All that can end by itself has ended: closes pipes that are only written, as there is no event
   * for a reader that has gone.
   */
  #finish(): void {
    if (this.#exit === null || this.#isLost) return;
    const left = [...this.#open].map((fd) => this.#pipes.get(fd));
    if (left.length > 0) {
      if (this.#open.size === 1 && this.#open.has(0)) left[0]?.close();
      return;
    }
    this.#isLost = true;
    this.#call("connectionLost", this.#error);
    this.#closed.resolve(this.#exit);
  }

  #call(callback: keyof SubprocessProtocolCallbacks, ...args: unknown[]): unknown {
    return callBack(this.#protocol, callback, this.#onCallbackError, ...args);
  }

  /** An exception of a callback is reported, and ends everything. */
  readonly #onCallbackError: CallbackErrorSink = (callback, thrown) => {
    const error = toError(thrown);
    report(this.#options.onError, error, { callback, transport: null });
    this.#error ??= error;
    this.close();
  };

  /** Signals the group if there is one and that is allowed, else the process. */
  #signalAll(signal: string): void {
    if (this.#options.startNewSession) {
      try {
        return this.killGroup(signal);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotCapable)) throw error;
      }
    }
    this.sendSignal(signal);
  }
}

/** Throws if a value is not the name of a signal of this system. */
function checkSignal(signal: unknown): asserts signal is Deno.Signal {
  if (
    typeof signal === "string" && Object.hasOwn(nodeModule("node:os").constants.signals, signal)
  ) return;
  throw new TypeError(
    `Cannot send signal: ${show(signal)} is not the name of one, such as "SIGTERM"`,
  );
}

/** Sends a signal to the process group that a process leads; does nothing if none of it is left. */
function signalGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw describeOsError(error, `Cannot signal the group of process ${pid}`);
  }
}
