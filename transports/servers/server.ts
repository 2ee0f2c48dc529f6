import type { Address } from "../../protocols/facts/address.ts";
import type { Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import type { Carrier } from "../core/carrier.ts";
import { signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import { checkOptions } from "../../protocols/option_checks.ts";
import { Acceptor } from "./_acceptor.ts";
import { formatAddress } from "../core/addresses.ts";
import type { ConnectionTracker } from "../core/connection_tracker.ts";
import type { NetworkListener } from "./network_listener.ts";
import { nextTurn, settlesInTime } from "../core/clock.ts";
import { type ErrorContext, toError } from "../core/error_report.ts";
import {
  type ServeReport,
  serveUntilSignal,
  type ServeUntilSignalOptions,
} from "./serve_until_signal.ts";
import { SHUTDOWN_CHECKS, type ShutdownOptions, type ShutdownReport } from "./shutdown_options.ts";
import { topOf } from "../core/stack_slot.ts";

/**
 * The default of `grace`, in milliseconds: what container managers give a program before they kill
 * it.
 */
const DEFAULT_GRACE = 10_000;

/** How a server treats what it accepts. */
export interface ServerHooks {
  /** Makes a connection over an accepted carrier, and tells the tracker of it. */
  connect(carrier: Carrier, tracker: ConnectionTracker): Promise<unknown>;
  /** The most connections at a time; no limit if undefined. */
  readonly maxConnections: number | undefined;
  /** Told of trouble that the server goes on after. */
  report(error: Error, context: ErrorContext): void;
  /**
   * Whether no connection can be taken now. When that has changed, {@linkcode
   * ListeningServer.checkRoom} is called.
   */
  isHeldBack?(): boolean;
}

/**
 * Something that listens, and its connections: asyncio's `Server`. Made by `createServer` and
 * its siblings.
 *
 * `close()` stops listening and leaves the connections alone. {@linkcode Server.shutdown} ends
 * everything in good order; `await using` calls it at the end of a scope.
 *
 * @example A server for the length of a scope
 * ```ts
 * import { createServer, Protocol } from "@sluice/net";
 * import { assert } from "@std/assert";
 *
 * await using server = await createServer(() => new Protocol(), { port: 0 });
 * assert(server.isServing());
 * assert(server.port > 0);
 * ```
 */
export interface Server extends AsyncDisposable {
  /** Where the server listens; empty once it is closed. */
  readonly addresses: readonly Address[];
  /**
   * The TCP port of the first address; the one that was found free if 0 was asked for.
   *
   * @throws {InvalidStateError} If the server listens on Unix sockets only.
   */
  readonly port: number;
  /** The live connections: of each the transport on top of its layers. */
  readonly connections: ReadonlySet<Transport>;
  /** Aborts when {@linkcode shutdown} begins, so that connections can finish in time. */
  readonly signal: AbortSignal;
  /** Whether the server has begun to accept and is not closed. */
  isServing(): boolean;
  /** Whether connections are being accepted: the server serves and is not paused. */
  isAccepting(): boolean;
  /**
   * Accepts no more connections until {@linkcode resumeAccepting}. The server goes on to listen:
   * clients connect and wait, in the backlog of the system or of the network. One connection for
   * each address may have been taken already; it waits too. Does nothing if paused or closed.
   */
  pauseAccepting(): void;
  /** Accepts again. Does nothing if not paused. */
  resumeAccepting(): void;
  /**
   * Begins to accept. Does nothing if that was done.
   *
   * @throws {InvalidStateError} If the server is closed.
   */
  startServing(): void;
  /**
   * Accepts until {@linkcode close}, then resolves.
   *
   * @param options `signal` closes the server when it aborts; the promise rejects with its reason
   * then.
   * @throws {InvalidStateError} If the server is closed, or another call awaits this already.
   */
  serveForever(options?: WaitOptions): Promise<void>;
  /**
   * Serves until the program is told to stop: by Ctrl-C, or by SIGTERM of a service manager. Then
   * the server ends in good order, as {@linkcode shutdown} does it, with its connections. A second
   * signal aborts what is left; a further one does what it does without this call. The exit code is
   * left to the caller.
   *
   * @example A program that serves
   * ```ts
   * import { startServer } from "@sluice/net";
   *
   * const server = await startServer(async ({ reader, writer }) => {
   *   for await (const line of reader.lines()) writer.write(`${line.toUpperCase()}\n`);
   * }, { port: 0 });
   * // A program has no such line: it is ended by Ctrl-C.
   * setTimeout(() => server.close(), 1);
   * const { finished, aborted } = await server.serveUntilSignal({ grace: 5000 });
   * console.log(`${finished} connections finished, ${aborted} were aborted`);
   * ```
   *
   * @param options The grace, in milliseconds, and which signals.
   * @returns The signal, and how many connections ended each way.
   * @throws {TypeError} If the system has no such signal.
   * @throws {InvalidStateError} As {@linkcode serveForever}.
   */
  serveUntilSignal(options?: ServeUntilSignalOptions): Promise<ServeReport>;
  /** Keeps the process alive while the server listens: undoes {@linkcode unref}. */
  ref(): void;
  /**
   * Lets the process end though the server listens, as `Deno.Listener.unref`. Connections keep it
   * alive by themselves: see {@linkcode unrefTransport}. With `epollNetwork` a client then waits
   * for up to 5 ms, unless another server or connection keeps the process alive.
   */
  unref(): void;
  /** Stops listening, at once. The connections go on. Does nothing the second time. */
  close(): void;
  /** Calls `close()` on every connection: what they have queued is sent. */
  closeClients(): void;
  /** Calls `abort()` on every connection: what they have queued is dropped. */
  abortClients(): void;
  /**
   * Waits until the server is closed and its last connection and task have ended, without
   * bringing that about and without a deadline: see {@linkcode shutdown} for both.
   *
   * @param options `signal` ends the waiting when it aborts; the promise rejects with its reason
   * then. The server goes on.
   */
  waitClosed(options?: WaitOptions): Promise<void>;
  /**
   * Ends the server in good order: stops listening, aborts {@linkcode signal}, lets the connections
   * finish by themselves, and after the grace aborts the rest.
   *
   * @param options The grace, in milliseconds, and a signal that cuts it short.
   * @returns How many connections ended each way.
   * @throws {RangeError} If the grace is below zero.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
  /**
   * Has {@linkcode shutdown} and {@linkcode waitClosed} wait for a task that outlives its
   * connection. How it settles counts for nothing here: report a failure yourself.
   */
  track(task: Promise<unknown>): void;
  /**
   * {@linkcode shutdown} with the default grace: an idle connection that heeds no signal makes the
   * end of the scope wait that long, unless it is closed before, by {@linkcode closeClients} for
   * instance.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The {@linkcode Server} that this library makes. */
export class ListeningServer implements Server {
  readonly #listening: readonly NetworkListener[];
  readonly #hooks: ServerHooks;
  readonly #acceptors: readonly Acceptor<Carrier>[];
  // The transport at the bottom of each connection.
  readonly #connections = new Set<Transport>();
  // How many are under way.
  #tasks = 0;
  readonly #stopping = new AbortController();
  // The wait for close(): it is told as one, however many connections end meanwhile.
  readonly #closing = new WaitQueue();
  // The waits for room, and for the end of the last connection and task.
  readonly #waits = new WaitQueue();
  #state: "bound" | "serving" | "closed" = "bound";
  #isPaused = false;
  #isAwaited = false;

  /** Takes over listeners that are bound; begins with {@linkcode startServing}. */
  constructor(listening: readonly NetworkListener[], hooks: ServerHooks) {
    this.#listening = listening;
    this.#hooks = hooks;
    this.#acceptors = listening.map((listener) =>
      new Acceptor(listener, {
        room: () => this.#isHeldBack() ? this.#room() : undefined,
        onAccept: (carrier) => void this.#connect(carrier),
        onAcceptError: (error) => hooks.report(error, { callback: "accept", transport: null }),
      })
    );
  }

  /** The listeners; none if the server is closed. */
  get listening(): readonly NetworkListener[] {
    return this.isClosed ? [] : this.#listening;
  }

  get addresses(): readonly Address[] {
    return this.listening.map(({ address }) => address);
  }

  get port(): number {
    for (const { address } of this.#listening) {
      if (address.transport === "tcp") return address.port;
    }
    throw new InvalidStateError(`Cannot tell port: the server listens on ${this.#places()}`);
  }

  get connections(): ReadonlySet<Transport> {
    return new Set(Array.from(this.#connections, topOf));
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  isServing(): boolean {
    return this.#state === "serving";
  }

  isAccepting(): boolean {
    return this.isServing() && !this.#isPaused;
  }

  pauseAccepting(): void {
    this.#isPaused = true;
  }

  resumeAccepting(): void {
    this.#isPaused = false;
    this.checkRoom();
  }

  ref(): void {
    for (const listener of this.#listening) listener.ref?.();
  }

  unref(): void {
    for (const listener of this.#listening) listener.unref?.();
  }

  /** Whether {@linkcode close} was called. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Looks again whether connections can be taken, and whether the server has come to its end. */
  checkRoom(): void {
    this.#waits.release();
  }

  startServing(): void {
    if (this.isClosed) {
      throw new InvalidStateError(
        `Cannot start serving: the server on ${this.#places()} is closed`,
      );
    }
    if (this.isServing()) return;
    this.#state = "serving";
    // Until its accept loop has ended a listener holds on to its address.
    for (const acceptor of this.#acceptors) this.track(acceptor.run());
  }

  async serveForever(options: WaitOptions = {}): Promise<void> {
    const signal = signalOf("serve forever", options);
    if (this.#isAwaited) {
      throw new InvalidStateError(
        `Cannot serve forever: the server on ${this.#places()} is awaited already`,
      );
    }
    this.startServing();
    this.#isAwaited = true;
    try {
      await this.#closing.wait(signal);
    } finally {
      this.#isAwaited = false;
      this.close();
    }
  }

  serveUntilSignal(options: ServeUntilSignalOptions = {}): Promise<ServeReport> {
    return serveUntilSignal(this, options, this.closesClients);
  }

  /** Whether a signal closes the connections: their protocols know of no other end. */
  get closesClients(): boolean {
    return true;
  }

  close(): void {
    if (this.isClosed) return;
    this.#state = "closed";
    for (const acceptor of this.#acceptors) acceptor.stop();
    this.#closing.release();
    this.checkRoom();
  }

  closeClients(): void {
    for (const transport of this.#connections) topOf(transport).close();
  }

  abortClients(): void {
    for (const transport of this.#connections) topOf(transport).abort();
  }

  async waitClosed(options: WaitOptions = {}): Promise<void> {
    const signal = signalOf("wait for end of server", options);
    signal?.throwIfAborted();
    while (!this.isClosed || this.#connections.size + this.#tasks > 0) {
      await this.#waits.wait(signal);
    }
  }

  async shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    checkOptions("shut down", options, SHUTDOWN_CHECKS);
    const { grace = DEFAULT_GRACE, signal } = options;
    const before = this.#connections.size;
    this.close();
    this.#stopping.abort(new DOMException("The server is shutting down", "AbortError"));
    // Whether the grace runs out or the signal ends it, the rest is aborted.
    await settlesInTime(this.waitClosed(), grace, signal);
    const aborted = this.#connections.size;
    this.abortClients();
    // Handlers that waited for their connection come to their end.
    if (this.#tasks > 0) await nextTurn();
    return { finished: before - aborted, aborted };
  }

  track(task: Promise<unknown>): void {
    this.#tasks++;
    task.then(this.#onTaskDone, this.#onTaskDone);
  }

  // Made once: every task is given it.
  readonly #onTaskDone = (): void => {
    this.#tasks--;
    this.checkRoom();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #connect(carrier: Carrier): Promise<void> {
    if (this.isClosed) return carrier.close({ endedBy: "local", error: null });
    try {
      await this.#hooks.connect(carrier, this.#tracker);
    } catch (thrown) {
      this.#hooks.report(toError(thrown), { callback: "connect", transport: null });
    }
  }

  readonly #tracker: ConnectionTracker = {
    onMade: (transport) => {
      this.#connections.add(transport);
    },
    onClosed: (transport) => {
      this.#connections.delete(transport);
      this.checkRoom();
    },
  };

  #isHeldBack(): boolean {
    if (this.isClosed) return false;
    const { maxConnections = Infinity, isHeldBack } = this.#hooks;
    return this.#isPaused || this.#connections.size >= maxConnections || (isHeldBack?.() ?? false);
  }

  async #room(): Promise<void> {
    while (this.#isHeldBack()) await this.#waits.wait();
  }

  #places(): string {
    return this.#listening.map(({ address }) => formatAddress(address)).join(", ");
  }
}

/** The listeners of a server, which only the library sees; none if it is closed. */
export function listenersOf(server: Server): readonly NetworkListener[] {
  return server instanceof ListeningServer ? server.listening : [];
}
