import { check, checkOptions, type OptionTable, show } from "../../protocols/option_checks.ts";
import { isClass } from "../../transports/core/callbacks.ts";
import { bindServer, LISTEN_CHECKS, type ListenOptions } from "../../transports/create_server.ts";
import { type ConnectionHandler, Handlers } from "./handlers.ts";
import { LiveStreamConnection } from "../stream_connection.ts";
import { READER_CHECKS, type StreamReaderOptions } from "../reading/read_options.ts";
import { StreamReader } from "../reading/stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "../reading/stream_reader_protocol.ts";
import { ListeningStreamServer, type StreamServer } from "./stream_server.ts";

/** Options for {@linkcode startServer}: where to listen, and how. */
export interface StartServerOptions extends ListenOptions, StreamReaderOptions {
  /**
   * Whether the server's `shutdown()` ends every wait of a handler's reader and writer, those under
   * way and later ones, as if each had been given `server.signal`. A handler that is to finish its
   * work within the grace says `false`, and gives `connection.signal` to the waits between two
   * pieces of work.
   *
   * @default {true}
   */
  readonly interruptOnShutdown?: boolean;
}

export type { ConnectionHandler };

const START_SERVER_CHECKS: OptionTable<StartServerOptions> = {
  ...LISTEN_CHECKS,
  ...READER_CHECKS,
  interruptOnShutdown: check.flag,
};

/**
 * Listens, and runs `handler` for each connection, all of them at the same time: asyncio's
 * `start_server`.
 *
 * When a handler returns or its promise resolves, the bytes that it wrote are sent and its
 * connection is closed. The same happens when it throws the reason of `connection.signal`: it was
 * asked to stop. When it throws anything else, the connection is aborted and the exception reported
 * to `onError`: not the loss of the connection itself, but a `startTls()` that failed.
 *
 * The server's `shutdown()` ends the waits of the handlers, see `interruptOnShutdown`, aborts
 * `connection.signal`, and waits for the handlers. A read that it ends has taken nothing.
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
  // Invalid options fail before anything is bound.
  if (handler !== null) checkHandler(handler);
  checkOptions("listen", options, START_SERVER_CHECKS);
  const { limit, interruptOnShutdown = true, ...listenOptions } = options;
  const readerOptions = limit === undefined ? undefined : { limit };
  const server: ListeningStreamServer = await bindServer(
    () => {
      const reader = new StreamReader(readerOptions);
      const protocol = new StreamReaderProtocol(reader, () => {
        const flow = flowOf(protocol);
        const connection = new LiveStreamConnection(reader, flow, server.signal);
        if (handler === null) server.put(connection);
        else server.track(handlers.run(connection, flow, handler));
      });
      return protocol;
    },
    listenOptions,
    (listening, hooks) => new ListeningStreamServer(listening, hooks, handler === null),
  );
  const handlers = new Handlers(server.signal, interruptOnShutdown, options.onError);
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

/**
 * Listens on a Unix socket and runs `handler` for each connection: asyncio's `start_unix_server`,
 * and {@linkcode startServer} with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A server that greets
 * ```ts
 * import { openUnixConnection, startUnixServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/greeting.sock`;
 *   const server = await startUnixServer(({ writer }) => writer.write("welcome\n"), { path });
 *   const client = await openUnixConnection({ path });
 *   assertEquals(await client.reader.readline({ as: "text" }), "welcome\n");
 *   await client.close();
 *   await server.shutdown();
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param handler Serves one connection. With `null`, connections wait for `server.accept()`.
 * @param options The path, and how to listen.
 * @returns The server, as {@linkcode startServer} gives it.
 * @throws As {@linkcode startServer}.
 */
export function startUnixServer(
  handler: ConnectionHandler | null,
  options: StartServerOptions & { readonly path: string },
): Promise<StreamServer> {
  return startServer(handler, options);
}
