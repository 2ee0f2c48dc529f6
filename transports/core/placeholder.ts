import { giveTransport } from "../../protocols/base_protocol.ts";
import type {
  AnyProtocol,
  ProtocolCallbacks,
  SetProtocolOptions,
  Transport,
} from "../../protocols/contract.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";

/**
 * Takes the place of a protocol while its connection is being made or changed, then puts the
 * protocol there. If the connection is lost before, the protocol is told.
 */
export class Placeholder implements ProtocolCallbacks {
  /** The protocol whose place this takes. */
  protocol: AnyProtocol;
  readonly #ready = Promise.withResolvers<Transport>();
  readonly #top: Transport | undefined;
  #isInPlace = false;

  /**
   * Replaces `protocol` for now. That one gets `top` as its transport, if given, else the transport
   * itself.
   */
  constructor(protocol: AnyProtocol, top?: Transport) {
    this.protocol = protocol;
    this.#top = top;
    // A wait for it is not always there.
    this.#ready.promise.catch(() => {});
  }

  /** Resolves to the transport of the protocol; rejects if the connection is lost before. */
  get ready(): Promise<Transport> {
    return this.#ready.promise;
  }

  /** Puts the protocol in its place, and tells it of the connection. */
  connectionMade(transport: Transport): unknown {
    this.handOver(transport);
    const top = this.#top ?? transport;
    giveTransport(this.protocol, top);
    return this.protocol.connectionMade?.(top);
  }

  /** Tells the protocol, which is not in its place yet. */
  connectionLost(error: Error | null): unknown {
    this.fail(error);
    return this.protocol.connectionLost?.(error);
  }

  /** Rejects {@linkcode ready}; does nothing once the protocol is in its place. */
  fail(error: Error | null): void {
    // An error costs much, and each connection ends once.
    if (this.#isInPlace) return;
    const what = `Connection with ${this.peer} lost before it was ready`;
    this.#ready.reject(error ?? new ConnectionLostError(what));
  }

  /** What the error of a connection that was lost early calls the other end. */
  protected get peer(): string {
    return "the peer";
  }

  /** Puts the protocol in its place. */
  handOver(transport: Transport, options?: SetProtocolOptions): void {
    transport.setProtocol(this.protocol, options);
    this.#isInPlace = true;
    this.#ready.resolve(transport);
  }
}
