import type { Address } from "../../protocols/facts/address.ts";
import type { Transport } from "../../protocols/contract.ts";
import { check, type OptionTable } from "../../protocols/option_checks.ts";
import type { PeerCertificate } from "../../protocols/facts/peer_certificate.ts";
import type { StreamConnection } from "../../streams/stream_connection.ts";
import type { ErrorHandler } from "../../transports/core/error_report.ts";

/** The facts of the connection that a request came over. */
export interface HttpInfo {
  /** The connection. It belongs to the HTTP server: look things up in it. */
  readonly transport: Transport;
  /**
   * The address of the client: the one that a PROXY header names, where the layer `proxyProtocol`
   * reads it. `null` where none is known.
   */
  readonly remoteAddr: Address | null;
  /** The certificate that the client showed; `null` if it showed none. */
  readonly peerCertificate: PeerCertificate | null;
  /**
   * Accepts the upgrade that the client asks for with `Connection: Upgrade`: answers 101, and gives
   * the connection, with the bytes that came after the request. Return its `response` from the
   * handler.
   *
   * @param headers Headers of the answer; `upgrade` is by default what the client asks for.
   * @throws {TypeError} If the client does not ask for an upgrade.
   */
  upgrade(headers?: HeadersInit): HttpUpgrade;
  /**
   * Accepts a WebSocket. The connection is the bytes of its binary messages, as that of
   * `connectWebSocket`, and the client waits while nothing reads. A text message ends it with a
   * `CarrierMessageError`; extensions are not agreed on. Return its `response` from the handler.
   *
   * @param options The subprotocol to agree on, one that the client asks for; none by default.
   * @throws {TypeError} If the client does not ask for a WebSocket.
   */
  upgradeWebSocket(options?: { readonly protocol?: string }): HttpUpgrade;
}

/** An upgrade that was accepted. */
export interface HttpUpgrade {
  /** The response that the handler must return for the upgrade to happen. */
  readonly response: Response;
  /** The connection, once the answer is on its way. */
  readonly connection: Promise<StreamConnection>;
}

/** Answers a request: the handler of `Deno.serve`, and of frameworks on the Web standards. */
export type FetchHandler = (request: Request, info: HttpInfo) => Response | Promise<Response>;

/** Options for HTTP over connections. All times are in milliseconds. */
export interface HttpOptions {
  /**
   * How many milliseconds the head of a request may take, from the connection or its first byte. A
   * client that takes longer is answered 408.
   *
   * @default {60000}
   */
  readonly headersTimeout?: number;
  /**
   * How many milliseconds a request may take to arrive with its body. Then it is answered with 408.
   *
   * @default {300000}
   */
  readonly requestTimeout?: number;
  /**
   * How many milliseconds a connection stays open without a request.
   *
   * @default {5000}
   */
  readonly keepAliveTimeout?: number;
  /**
   * The longest head of a request, in bytes; a longer one is answered 431.
   *
   * @default {16384}
   */
  readonly maxHeaderSize?: number;
  /**
   * Gets each exception of the handler, which is answered with 500; prints to the console by
   * default.
   */
  readonly onError?: ErrorHandler;
}

/** The checks of {@linkcode HttpOptions}. */
export const HTTP_CHECKS: OptionTable<HttpOptions> = {
  headersTimeout: check.duration(),
  requestTimeout: check.duration(),
  keepAliveTimeout: check.duration(),
  maxHeaderSize: check.size(1),
  onError: check.functionLike("(error, context) => …"),
};
