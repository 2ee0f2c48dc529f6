import type { BaseProtocolCallbacks, Transport } from "./contract.ts";
import { notConnected } from "./_not_connected.ts";

/** Tells a protocol of the transport that it has from now on, if it wants to know. */
export let giveTransport: (protocol: object, transport: Transport) => void;

/**
 * What every stream protocol can hear, each answered by doing nothing. Extend {@linkcode Protocol}
 * or {@linkcode BufferedProtocol} instead, which have examples; this is what they share.
 *
 * The callbacks are those of asyncio's `BaseProtocol`. An exception thrown by one is reported once
 * to the connection's `onError` and ends the connection with that error.
 */
export abstract class BaseProtocol implements BaseProtocolCallbacks {
  static {
    giveTransport = (protocol, transport) => {
      if (#transport in protocol) protocol.#transport = transport;
    };
  }

  #transport: Transport | null = null;

  /**
   * The connection: what `connectionMade` was given, and another transport from the moment on in
   * which that drives this protocol, as after `startTls`.
   *
   * @throws {InvalidStateError} Before `connectionMade`.
   */
  get transport(): Transport {
    if (this.#transport !== null) return this.#transport;
    throw notConnected();
  }

  /** Called once, before any other callback. Reading starts after it returns. */
  connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  /**
   * Called once, after every other callback, when the connection has ended.
   *
   * @param _error The failure that ended it, or `null` after an orderly end or a plain `abort()`.
   */
  connectionLost(_error: Error | null): void {}

  /**
   * The transport buffers more than its high mark: stop writing until {@linkcode resumeWriting}.
   */
  pauseWriting(): void {}

  /** The transport's buffer is down to its low mark: go on writing. Not called after loss. */
  resumeWriting(): void {}
}
