import { checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import {
  CONNECT_CHECKS,
  type ConnectOptions,
  createConnection,
} from "../transports/create_connection.ts";
import { LiveStreamConnection, type StreamConnection } from "./stream_connection.ts";
import { READER_CHECKS, type StreamReaderOptions } from "./reading/read_options.ts";
import { StreamReader } from "./reading/stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "./reading/stream_reader_protocol.ts";

/** Options for {@linkcode openConnection}: where to connect to, and how. */
export interface OpenConnectionOptions extends ConnectOptions, StreamReaderOptions {}

const CHECKS: OptionTable<OpenConnectionOptions> = { ...CONNECT_CHECKS, ...READER_CHECKS };

/**
 * Connects to a TCP port or a Unix socket as a stream: asyncio's `open_connection`.
 *
 * @example A question and its answer
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await startServer(async ({ reader, writer }) => {
 *   writer.write(await reader.readline());
 * }, { port: 0 });
 *
 * await using connection = await openConnection({ port: server.port });
 * connection.writer.write("again\n");
 * assertEquals(await connection.reader.readline({ as: "text" }), "again\n");
 * ```
 *
 * @param options Where to, and how.
 * @returns The connection. Close it, or have `await using` do that.
 * @throws {RangeError} If the limit is not above zero.
 * @throws As `createConnection`.
 */
export async function openConnection(options: OpenConnectionOptions): Promise<StreamConnection> {
  checkOptions("connect", options, CHECKS);
  const { limit, ...connectOptions } = options;
  const reader = new StreamReader(limit === undefined ? {} : { limit });
  const { protocol } = await createConnection(
    () => new StreamReaderProtocol(reader),
    connectOptions,
  );
  return new LiveStreamConnection(reader, flowOf(protocol));
}

/**
 * Connects to a Unix socket as a stream: asyncio's `open_unix_connection`, and
 * {@linkcode openConnection} with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A question and its answer
 * ```ts
 * import { openUnixConnection, startUnixServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/echo.sock`;
 *   const server = await startUnixServer(({ readable, writable }) => readable.pipeTo(writable), { path });
 *   const connection = await openUnixConnection({ path });
 *   connection.writer.write("again\n");
 *   assertEquals(await connection.reader.readline({ as: "text" }), "again\n");
 *   await connection.close();
 *   await server.shutdown();
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param options The path, and how to connect.
 * @returns The connection. Close it, or have `await using` do that.
 * @throws As {@linkcode openConnection}.
 */
export function openUnixConnection(
  options: OpenConnectionOptions & { readonly path: string },
): Promise<StreamConnection> {
  return openConnection(options);
}
