import { InvalidStateError } from "../../protocols/errors.ts";
import { NO_OPTIONS, signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";
import type { NetworkListener } from "../../transports/servers/network_listener.ts";
import { ListeningServer, type Server, type ServerHooks } from "../../transports/servers/server.ts";
import type { ShutdownOptions, ShutdownReport } from "../../transports/servers/shutdown_options.ts";
import { TakeQueue } from "../../protocols/waits/take_queue.ts";
import type { StreamConnection } from "../stream_connection.ts";

/**
 * A server of streams, from {@linkcode startServer}. If it was given `null` for the handler, its
 * connections are accepted one by one.
 *
 * Up to 64 connections, whose TLS handshake is done, wait to be accepted. While so many wait, the
 * server takes no more from the system, where further ones wait (see `backlog`). A connection is
 * given to one call of {@linkcode StreamServer.accept} or to one loop, in the order in which they
 * ask. It belongs to that caller, who ends it.
 *
 * After {@linkcode Server.close} the connections that wait can still be accepted. At
 * {@linkcode Server.shutdown} they are aborted and count as such.
 *
 * @example Accepting one by one
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const server = await startServer(null, { port: 0 });
 * await using client = await openConnection({ port: server.port });
 *
 * while (server.isServing()) {
 *   const connection = await server.accept();
 *   connection.writer.write("welcome\n");
 *   void connection.close();
 *   server.close();
 * }
 * assertEquals(await client.reader.readline({ as: "text" }), "welcome\n");
 * await server.shutdown();
 * ```
 *
 * @example Accepting in a loop
 * ```ts
 * import { openConnection, startServer, type StreamConnection } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * async function echo(connection: StreamConnection): Promise<void> {
 *   await connection.readable.pipeTo(connection.writable);
 *   await connection.close();
 * }
 *
 * await using server = await startServer(null, { port: 0 });
 * const loop = (async () => {
 *   for await (const connection of server) void echo(connection);
 * })();
 *
 * await using client = await openConnection({ port: server.port });
 * client.writer.write("hello");
 * client.writer.writeEof();
 * assertEquals(new TextDecoder().decode(await client.reader.read()), "hello");
 * server.close();
 * await loop;
 * ```
 */
export interface StreamServer extends Server, AsyncIterable<StreamConnection> {
  /**
   * Waits for the next connection. Begins to accept, if that was not done. Several calls may wait
   * at the same time.
   *
   * @param options A signal, or a timeout, which ends the waiting. No connection is lost then: the
   * next call gets it. (A call that is left behind in a `Promise.race` takes one.)
   * @returns The connection. Close it, or abort it: nothing else does.
   * @throws {InvalidStateError} If the server is closed and no connection waits, or if it has a
   * handler.
   */
  accept(options?: WaitOptions): Promise<StreamConnection>;
  /**
   * The connections, until the server is closed: `for await (const connection of server)`. To leave
   * the loop does not close the server.
   */
  [Symbol.asyncIterator](): AsyncIterator<StreamConnection, undefined>;
}

/** How many connections wait to be accepted before no more are taken from the system. */
const MAX_WAITING = 64;

/** The {@linkcode StreamServer} that this library makes. */
export class ListeningStreamServer extends ListeningServer implements StreamServer {
  // The connections that wait for `accept()`.
  readonly #arrived: TakeQueue<StreamConnection> | null;

  /**
   * Takes over listeners that are bound.
   *
   * @param listening The listeners.
   * @param hooks How connections are made.
   * @param isAccepting Whether connections wait for {@linkcode accept}; else a handler gets them.
   */
  constructor(listening: readonly NetworkListener[], hooks: ServerHooks, isAccepting: boolean) {
    const arrived = isAccepting ? new TakeQueue<StreamConnection>() : null;
    super(listening, {
      ...hooks,
      isHeldBack: () => arrived !== null && arrived.size >= MAX_WAITING,
    });
    this.#arrived = arrived;
  }

  /** A connection came about; it waits to be accepted. */
  put(connection: StreamConnection): void {
    if (this.#arrived === null || this.#arrived.hasEnded) connection.transport.abort();
    else this.#arrived.put(connection);
  }

  /** The handlers are told. */
  override get closesClients(): boolean {
    return false;
  }

  async accept(options: WaitOptions = NO_OPTIONS): Promise<StreamConnection> {
    const signal = signalOf("accept", options);
    const connection = await this.#take(signal);
    if (connection !== undefined) return connection;
    throw new InvalidStateError("Cannot accept: the server is closed");
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamConnection, undefined, undefined> {
    for (let next = await this.#take(); next !== undefined; next = await this.#take()) yield next;
  }

  override close(): void {
    super.close();
    this.#arrived?.end();
  }

  override async shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    const ended = super.shutdown(options);
    let aborted = 0;
    // With wrong options nothing has begun.
    for (const { transport } of this.signal.aborted ? this.#arrived?.clear() ?? [] : []) {
      if (!transport.isClosing()) aborted++;
      transport.abort();
    }
    const report = await ended;
    return { finished: report.finished - aborted, aborted: report.aborted + aborted };
  }

  async #take(signal?: WaitSignal): Promise<StreamConnection | undefined> {
    if (this.#arrived === null) {
      throw new InvalidStateError(
        "Cannot accept: the server has a handler, which is given every connection; " +
          "call startServer(null, options) instead",
      );
    }
    signal?.throwIfAborted();
    if (!this.isServing() && !this.isClosed) this.startServing();
    const connection = await this.#arrived.take(signal);
    this.checkRoom();
    return connection;
  }
}
