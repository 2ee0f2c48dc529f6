import {
  ConnectionLostError,
  HandshakeTimeoutError,
  PlaintextInjectionError,
  TlsHandshakeError,
} from "../../protocols/errors.ts";
import { type ErrorHandler, report, toError } from "../../transports/core/error_report.ts";
import { closeAfterPeer } from "../../transports/core/write/writing.ts";
import type { FlowControl } from "../writing/flow_control.ts";
import type { StreamConnection } from "../stream_connection.ts";
import { stateOf } from "../reading/stream_reader.ts";

/** Serves one connection. Its connection is closed when it returns and aborted when it throws. */
export type ConnectionHandler = (connection: StreamConnection) => unknown;

// Those whose waits go on when their server shuts down.
const lasting = new WeakSet<StreamConnection>();

/**
 * Has the waits of a handler's connection go on when its server shuts down. A handler has no better
 * moment to end than the end of its connection then, and has the grace for it.
 */
export function outlastShutdown(connection: StreamConnection): void {
  lasting.add(connection);
}

/** The handlers of a stream server that run now. */
export class Handlers {
  readonly #shutdown: AbortSignal;
  readonly #onError: ErrorHandler | undefined;
  // Of those whose waits end with the server; one listener of its signal is enough for all of them.
  readonly #interruptible: Map<StreamConnection, FlowControl> | null;

  /**
   * Starts without any.
   *
   * @param shutdown Aborts when the server shuts down.
   * @param isInterrupting Whether that ends their waits.
   * @param onError Told of their failures.
   */
  constructor(shutdown: AbortSignal, isInterrupting: boolean, onError: ErrorHandler | undefined) {
    this.#shutdown = shutdown;
    this.#onError = onError;
    this.#interruptible = isInterrupting ? new Map() : null;
    if (isInterrupting) {
      shutdown.addEventListener("abort", () => this.#interruptAll(), { once: true });
    }
  }

  /**
   * Runs a handler to its end and ends its connection. Never rejects. (An async function would hold
   * twice as much memory for each connection.)
   */
  run(
    connection: StreamConnection,
    flow: FlowControl,
    handler: ConnectionHandler,
  ): Promise<void> {
    this.#interruptible?.set(connection, flow);
    // It was still being connected then.
    if (this.#shutdown.aborted && this.#interruptible !== null) this.#interrupt(connection, flow);
    return call(handler, connection).then(
      () => this.#close(connection, flow),
      (thrown) => this.#end(connection, flow, thrown),
    );
  }

  #close(connection: StreamConnection, flow: FlowControl): void {
    this.#interruptible?.delete(connection);
    try {
      // Not the one it began with, if the handler has started TLS.
      closeAfterPeer(connection.transport);
    } catch (thrown) {
      this.#end(connection, flow, thrown);
    }
  }

  #interruptAll(): void {
    for (const [connection, flow] of this.#interruptible ?? []) this.#interrupt(connection, flow);
  }

  /** Ends the waits of a handler, and those that come. */
  #interrupt(connection: StreamConnection, flow: FlowControl): void {
    if (lasting.has(connection)) return;
    stateOf(connection.reader).interrupt(this.#shutdown.reason);
    flow.interrupt(this.#shutdown.reason);
  }

  #end(connection: StreamConnection, flow: FlowControl, thrown: unknown): void {
    this.#interruptible?.delete(connection);
    const { transport } = connection;
    // Asked to stop, it stopped: what it wrote is still sent.
    if (this.#wasAskedToStop(connection, thrown)) return transport.close();
    const error = toError(thrown);
    const isOurs = error !== flow.failure && !isLoss(connection, error);
    if (isOurs) report(this.#onError, error, { callback: "handler", transport });
    transport.abort(error);
  }

  /** Whether a handler threw what it was stopped with; so do all tasks of a group in it. */
  #wasAskedToStop(connection: StreamConnection, thrown: unknown): boolean {
    if (thrown instanceof AggregateError && thrown.errors.length > 0) {
      return thrown.errors.every((error) => this.#wasAskedToStop(connection, error));
    }
    return [this.#shutdown, connection.signal].some(({ aborted, reason }) =>
      aborted && thrown === reason
    );
  }
}

/** Has what a handler throws at once reject. */
function call(handler: ConnectionHandler, connection: StreamConnection): Promise<unknown> {
  try {
    return Promise.resolve(handler(connection));
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

/**
 * Whether a handler ended because its connection did: that is told by the connection, and no fault
 * of the handler.
 */
function isLoss({ reader, transport }: StreamConnection, error: Error): boolean {
  if (isFailedUpgrade(error)) return false;
  return error === reader.exception() ||
    (error instanceof ConnectionLostError && transport.isClosing());
}

/**
 * Whether TLS could not be started in mid-stream: that ends the connection as well, but is not
 * reported elsewhere.
 */
function isFailedUpgrade(error: Error): boolean {
  return error instanceof TlsHandshakeError || error instanceof HandshakeTimeoutError ||
    error instanceof PlaintextInjectionError;
}
