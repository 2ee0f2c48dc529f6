import type { Transport } from "./contract.ts";
import { InvalidStateError } from "./errors.ts";

/** Tells a protocol of the transport that it has from now on, if it wants to know. */
export let giveTransport: (protocol: object, transport: object) => void;

/**
 * The callbacks that every protocol has; here they do nothing. Extend {@linkcode Protocol},
 * {@linkcode BufferedProtocol}, {@linkcode DatagramProtocol} or {@linkcode SubprocessProtocol}
 * instead, which have examples; this is what they share.
 *
 * The callbacks are those of asyncio's `BaseProtocol`. An exception thrown by one is reported once
 * to the connection's `onError` and ends the connection with that error. (An endpoint for datagrams
 * goes on.)
 *
 * @typeParam T The transport: a connection, an endpoint or a process.
 */
export abstract class BaseProtocol<T extends object = Transport> {
  static {
    giveTransport = (protocol, transport) => {
      if (#transport in protocol) (protocol as BaseProtocol<object>).#transport = transport;
    };
  }

  #transport: T | null = null;

  /**
   * The transport that `connectionMade` was given, or another one as soon as that drives
   * this protocol, as after `startTls` or `setProtocol`.
   *
   * @throws {InvalidStateError} Before `connectionMade`.
   */
  get transport(): T {
    if (this.#transport !== null) return this.#transport;
    throw new InvalidStateError(
      "Cannot use transport: not connected yet; " +
        "a connectionMade() of your own has to call super.connectionMade(transport)",
    );
  }

  /** Called once, before any other callback. Reading starts after it returns. */
  connectionMade(transport: T): void {
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
