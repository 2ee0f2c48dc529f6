import type { Address } from "../../protocols/facts/address.ts";
import type { AnyProtocol } from "../../protocols/contract.ts";
import { type Connected, connectOver } from "../core/connect_carrier.ts";
import { checkProtocolFactory } from "../core/callbacks.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";
import { OPEN_CHECKS, openInTime, type OpenOptions } from "./open_in_time.ts";
import { WebSocketCarrier } from "./_web_socket_carrier.ts";

/** The default of `maxReadBuffer`, in bytes: as much as may wait to be sent. */
const DEFAULT_MAX_READ_BUFFER = 16_777_216;

/** Options for {@linkcode connectWebSocket}. */
export interface WebSocketOptions extends OpenOptions, TransportOptions {
  /**
   * The subprotocols to ask for, where a URL is given; none by default. The one that was agreed on
   * is the extra info `subprotocol`.
   */
  readonly subprotocols?: readonly string[];
  /**
   * The most that may wait to be read, in bytes. A WebSocket cannot be told to wait: what comes
   * while reading is paused has to be kept. If more comes, the connection ends with a
   * `ReceiveBufferFullError` and code 4009, after the kept bytes are read.
   *
   * @default {16777216}
   */
  readonly maxReadBuffer?: number;
  /**
   * The address of the other end, which a WebSocket does not know: on a server the `remoteAddr`
   * that its handler is given. Read that before `Deno.upgradeWebSocket`: afterwards Deno throws.
   */
  readonly peername?: Address;
  /** The address of this end. */
  readonly sockname?: Address;
}

const CHECKS: OptionTable<WebSocketOptions> = {
  ...OPEN_CHECKS,
  ...TRANSPORT_CHECKS,
  subprotocols: check.listOf(check.text),
  maxReadBuffer: check.size(1),
  peername: check.objectWith("an address"),
  sockname: check.objectWith("an address"),
};

/**
 * Makes a connection over a WebSocket, so that any protocol of bytes reaches a browser. Each
 * direction is the bytes of its binary messages; where one message ends means nothing.
 *
 * A WebSocket cannot end one direction (`canWriteEof()` is `false`), nor make its peer wait, see
 * `maxReadBuffer`. Writing heeds `bufferedAmount`: while 256 KiB wait there, the transport keeps
 * the data, and looks again after 1 to 64 ms, for no event tells. A text message ends
 * the connection with a `CarrierMessageError` and code 4003.
 *
 * Codes 1000, 1001 and none are the end of the peer's data; any other one is a
 * `WebSocketClosedError`. `abort()` closes with code 4000.
 *
 * A URL needs `--allow-net`, a WebSocket of your own nothing more. Hand that over right after it
 * was made: messages that come before are lost.
 *
 * @example Both ends
 * ```ts
 * import { connectWebSocket } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
 *   const { socket, response } = Deno.upgradeWebSocket(request);
 *   void connectWebSocket(() => ({ connectionMade: (transport) => transport.write("hi") }), socket);
 *   return response;
 * });
 * const received = Promise.withResolvers<string>();
 * const { transport } = await connectWebSocket(
 *   () => ({ dataReceived: (chunk) => received.resolve(new TextDecoder().decode(chunk)) }),
 *   `ws://127.0.0.1:${server.addr.port}`,
 * );
 * assertEquals(await received.promise, "hi");
 * transport.close();
 * await transport.closed;
 * await server.shutdown();
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the WebSocket is closed and this
 * rejects.
 * @param socket Where to connect, `ws:` or `wss:`, or a WebSocket: it belongs to the transport from
 * now on.
 * @param options Limits, layers and the error handler.
 * @returns The transport and the protocol that the factory made, once the WebSocket is open.
 * @throws {WebSocketClosedError} If it cannot be opened.
 * @throws {ConnectTimeoutError} If that takes too long.
 * @throws {RangeError} If a limit is out of range.
 * @throws The reason of `signal`.
 */
export async function connectWebSocket<P extends AnyProtocol>(
  protocolFactory: () => P,
  socket: WebSocket | string | URL,
  options: WebSocketOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect WebSocket", options, CHECKS);
  const { maxReadBuffer = DEFAULT_MAX_READ_BUFFER, signal } = options;
  signal?.throwIfAborted();
  const opening = socket instanceof WebSocket
    ? socket
    : new WebSocket(socket, [...options.subprotocols ?? []]);
  const carrier = new WebSocketCarrier(opening, maxReadBuffer, options);
  try {
    await openInTime(carrier.opened, opening.url, options);
  } catch (error) {
    carrier.close({ endedBy: "abort", error: null });
    throw error;
  }
  return await connectOver(protocolFactory, carrier, options);
}
