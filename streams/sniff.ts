import { type Bytes, copyOf } from "../protocols/bytes.ts";
import { TimeoutError, UnknownProtocolError } from "../protocols/errors.ts";
import { checkOptions } from "../protocols/option_checks.ts";
import {
  SNIFF_BYTES,
  SNIFF_CHECKS,
  SNIFF_TIMEOUT,
  type SniffOptions,
} from "../protocols/sniff_options.ts";
import { type SniffCases, Sniffer } from "../protocols/sniffer.ts";
import { waitSignal } from "../protocols/waits/wait_options.ts";
import type { StreamConnection } from "./stream_connection.ts";
import { stateOf } from "./reading/stream_reader.ts";

/** Serves a connection of one kind. */
type Serve<R> = (connection: StreamConnection) => R | Promise<R>;

/**
 * Serves several protocols on one port: looks at the first bytes of a connection and calls the
 * function for their protocol. The bytes stay unread, so that function gets them all.
 *
 * For protocols with callbacks there is `sniffProtocol`.
 *
 * @example HTTP and lines on one port
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { sniff } from "@sluice/net/streams";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await startServer((connection) =>
 *   sniff(connection, {
 *     http: ({ writer }) => writer.write("HTTP/1.1 204 No Content\r\n\r\n"),
 *     other: async ({ reader, writer }) => writer.write(await reader.readline()),
 *   }), { port: 0 });
 *
 * for (const [request, answer] of [["GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 204"], ["hello\n", "hello\n"]]) {
 *   await using client = await openConnection({ port: server.port });
 *   client.writer.write(request!);
 *   const line = await client.reader.readline({ as: "text" });
 *   assertEquals(line.slice(0, answer!.length), answer);
 * }
 * ```
 *
 * @param connection The connection, of which nothing was read.
 * @param cases What becomes of it, by its protocol.
 * @param options How long it may take, how many bytes may be looked at, and a signal.
 * @returns What the function gave; `undefined` if the peer left without a byte.
 * @throws {TimeoutError} If the peer does not say in time what it is.
 * @throws {UnknownProtocolError} If it is none of the cases.
 */
export async function sniff<R>(
  connection: StreamConnection,
  cases: SniffCases<(connection: StreamConnection) => R | Promise<R>>,
  options: SniffOptions = {},
): Promise<R | undefined> {
  checkOptions("sniff", options, SNIFF_CHECKS);
  const sniffer = new Sniffer(cases);
  const use = await decide(connection, sniffer, options);
  return await use?.(connection);
}

async function decide<R>(
  { reader }: StreamConnection,
  sniffer: Sniffer<Serve<R>>,
  { signal, timeout = SNIFF_TIMEOUT, maxBytes = SNIFF_BYTES }: SniffOptions,
): Promise<Serve<R> | undefined> {
  const limit = waitSignal("sniff", { ...(signal && { signal }), timeout });
  const state = stateOf(reader);
  let head: Bytes = new Uint8Array(0);
  try {
    for (let n = 1; n <= maxBytes; n++) {
      head = await state.peek(n, limit);
      if (head.length === 0) return undefined;
      const isAll = head.length < n || n === maxBytes;
      const use = sniffer.decide(head, isAll);
      if (use) return use;
      if (use === null) break;
    }
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    // Some bytes that decide nothing are all that comes.
    const use = head.length === 0 ? sniffer.silent : sniffer.decide(head, true);
    if (!use) throw error;
    return use;
  }
  throw new UnknownProtocolError(copyOf(head));
}
