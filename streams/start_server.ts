import {
  ConnectionLostError,
  HandshakeTimeoutError,
  PlaintextInjectionError,
  TlsHandshakeError,
} from "../protocols/errors.ts";
import { checkOptions, type OptionTable, show } from "../protocols/option_checks.ts";
import { isClass } from "../transports/core/callbacks.ts";
import { bindServer, LISTEN_CHECKS, type ListenOptions } from "../transports/create_server.ts";
import { report, toError } from "../transports/core/error_report.ts";
import { closeAfterPeer } from "../transports/core/writing.ts";
import type { FlowControl } from "./_flow_control.ts";
import { LiveStreamConnection, type StreamConnection } from "./stream_connection.ts";
import { READER_CHECKS, StreamReader, type StreamReaderOptions } from "./stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "./stream_reader_protocol.ts";
import { ListeningStreamServer, type StreamServer } from "./stream_server.ts";

/** Options for {@linkcode startServer}: where to listen, and how. */
export interface StartServerOptions extends ListenOptions, StreamReaderOptions {}

const START_SERVER_CHECKS: OptionTable<StartServerOptions> = { ...LISTEN_CHECKS, ...READER_CHECKS };

/** Serves one connection. Its connection is closed when it returns and aborted when it throws. */
export type ConnectionHandler = (connection: StreamConnection) => unknown;

/**
 * Listens, and runs `handler` for each connection, all of them at the same time: asyncio's
 * `start_server`.
 *
 * When a handler returns or its promise resolves, what it wrote is sent and its connection closed;
 * so it is when it throws the reason of `connection.signal`, having been asked to stop. When it
 * throws anything else the connection is aborted and the exception reported to `onError`, unless it
 * is the loss of the connection itself; a `startTls()` that failed is reported. The server's
 * `shutdown()` aborts that signal and waits for the handlers.
 *
 * With `null` for the handler, connections are accepted one by one: see {@linkcode StreamServer}.
 *
 * @example Echo, asyncio's way and Deno's
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using lines = await startServer(async ({ reader, writer }) => {
 *   for await (const line of reader) {
 *     writer.write(line);
 *     await writer.drain();
 *   }
 * }, { port: 0 });
 * await using bytes = await startServer(
 *   ({ readable, writable }) => readable.pipeTo(writable),
 *   { port: 0 },
 * );
 *
 * for (const { port } of [lines, bytes]) {
 *   await using client = await openConnection({ port });
 *   client.writer.write("hello\n");
 *   client.writer.writeEof();
 *   assertEquals(new TextDecoder().decode(await client.reader.read()), "hello\n");
 * }
 * ```
 *
 * @param handler Serves one connection. With `null`, connections wait for `server.accept()`.
 * @param options Where to listen, and how.
 * @returns The server, which accepts already unless `startServing` is `false`. Its `waitClosed` and
 * `shutdown` wait for the handlers as well.
 * @throws {TypeError} If the handler is not a function.
 * @throws {RangeError} If the limit is not above zero. Otherwise as `createServer`.
 */
export async function startServer(
  handler: ConnectionHandler | null,
  options: StartServerOptions,
): Promise<StreamServer> {
  // What cannot be meant fails before anything is bound.
  if (handler !== null) checkHandler(handler);
  checkOptions("listen", options, START_SERVER_CHECKS);
  const { limit, ...listenOptions } = options;
  const readerOptions = limit === undefined ? {} : { limit };
  const server: ListeningStreamServer = await bindServer(
    () => {
      const reader = new StreamReader(readerOptions);
      const protocol = new StreamReaderProtocol(reader, () => {
        const flow = flowOf(protocol);
        const connection = new LiveStreamConnection(reader, flow, server.signal);
        if (handler === null) server.put(connection);
        else server.track(serve(connection, flow, handler, options));
      });
      return protocol;
    },
    listenOptions,
    (listening, hooks) => new ListeningStreamServer(listening, hooks, handler === null),
  );
  if (options.startServing ?? true) server.startServing();
  return server;
}

/**
 * Throws for what cannot serve connections: also for a function of a reader and a writer, as
 * asyncio's is.
 */
function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot serve: ${show(handler)} is not a function; ` +
        "give null to accept connections with server.accept()",
    );
  }
  if (isClass(handler)) {
    throw new TypeError(`Cannot serve: ${handler.name} is a class, give a function`);
  }
  if (handler.length < 2) return;
  throw new TypeError(
    `Cannot serve: the handler takes ${handler.length} arguments and is given one; ` +
      "write ({ reader, writer }) => … instead of (reader, writer) => …",
  );
}

/** Runs a handler to its end and ends its connection. Never rejects. */
async function serve(
  connection: StreamConnection,
  flow: FlowControl,
  handler: ConnectionHandler,
  { onError }: StartServerOptions,
): Promise<void> {
  try {
    await handler(connection);
    // Not the one it began with, if the handler has started TLS.
    closeAfterPeer(connection.transport);
  } catch (thrown) {
    const { transport } = connection;
    // Asked to stop, it stopped: what it wrote is still sent.
    if (wasAskedToStop(connection, thrown)) return transport.close();
    const error = toError(thrown);
    const isOurs = error !== flow.failure && !isLoss(connection, error);
    if (isOurs) report(onError, error, { callback: "handler", transport });
    transport.abort(error);
  }
}

function wasAskedToStop({ signal }: StreamConnection, thrown: unknown): boolean {
  return signal.aborted && thrown === signal.reason;
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
