import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { attachOf, type NodeStreamSource } from "./node_stream_source.ts";
import { LiveNodeStream } from "./live_node_stream.ts";
import type { NodeStream } from "./node_stream.ts";

/** Options for {@linkcode toNodeStream}. */
export interface ToNodeStreamOptions {
  /**
   * Whether the stream can still be written when the peer has ended its data. If not, it ends
   * itself then, as a `net.Socket` does.
   *
   * @default {false}
   */
  readonly allowHalfOpen?: boolean;
}

const CHECKS: OptionTable<ToNodeStreamOptions> = { allowHalfOpen: check.flag };

/**
 * Makes a Duplex of a connection, for libraries that take a stream of Node's: with what they call
 * and read of `net.Socket` and `tls.TLSSocket`.
 *
 * The stream owns the connection; the protocol or the reader that it had hears nothing more.
 * Back-pressure goes both ways: reading stops while `highWaterMark` bytes wait, and a write is done
 * when all of it has left. `end()` ends the outgoing direction, and the connection where that has
 * no half-close. The end of both directions and `destroySoon()` close the connection in good order;
 * `destroy()` aborts it at the end of the turn, so that a last write has left as of a socket. A
 * failure is emitted once, as `error`; `close` comes last, in any case.
 *
 * A promise of a connection makes a stream that is `connecting`: what is written waits, `connect`
 * is emitted when it is there, `error` if it cannot be made. So a function that has to return a
 * stream at once, as for a library that connects again, can be
 * `() => toNodeStream(openConnection({ … }))`.
 *
 * @example A library that takes a stream
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { toNodeStream } from "@sluice/net/node";
 * import { assertEquals } from "@std/assert";
 * import { text } from "node:stream/consumers";
 *
 * await using server = await startServer(async ({ reader, writer }) => {
 *   writer.write(`${new TextDecoder().decode(await reader.read())}, and goodbye`);
 * }, { port: 0 });
 * const stream = toNodeStream(openConnection({ port: server.port }));
 * stream.end("hello");
 * assertEquals(await text(stream), "hello, and goodbye");
 * ```
 *
 * @param source The connection: a `StreamConnection`, a `Transport`, what `createConnection` gives,
 * or a promise of one of them.
 * @param options Whether the stream may be half open.
 * @returns The stream.
 * @throws {TypeError} If it is no connection.
 */
export function toNodeStream(
  source: NodeStreamSource,
  options: ToNodeStreamOptions = {},
): NodeStream {
  checkOptions("make node stream", options, CHECKS);
  const { allowHalfOpen = false } = options;
  const attach = source instanceof Promise ? source.then(attachOf) : attachOf(source);
  const stream = new LiveNodeStream(allowHalfOpen);
  stream.begin(attach);
  return stream;
}
