import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";
import type { ConnectionTracker } from "./connection_tracker.ts";

/**
 * Stands in for a protocol on top of layers until the connection has come up through all of them, then
 * sets the protocol in its place.
 */
export class Arrival implements ProtocolCallbacks, ConnectionTracker {
  /** Who is waiting for the connection. */
  protocol: AnyProtocol = {};
  readonly #made = Promise.withResolvers<Transport>();
  readonly #tracker: ConnectionTracker | undefined;
  #tracked: Transport | null = null;

  /** Tells `tracker` of the transport at the bottom, and of the one on top as soon as there is one. */
  constructor(tracker?: ConnectionTracker) {
    this.#tracker = tracker;
  }

  /** Resolves to the transport on top of all layers; rejects if the connection is lost before. */
  get made(): Promise<Transport> {
    return this.#made.promise;
  }

  connectionMade(top: Transport): void {
    this.#tracker?.onMade(top);
    // The handshake of a native TLS connection hands on the transport it stands on.
    const before = this.#tracked;
    this.#tracked = top;
    if (before !== null && before !== top) this.#tracker?.onClosed(before);
    top.setProtocol(this.protocol);
    this.#made.resolve(top);
    // The transport or layer that calls this sees to what the protocol throws.
    return this.protocol.connectionMade?.(top);
  }

  connectionLost(error: Error | null): void {
    this.#made.reject(error ?? new ConnectionLostError("Connection lost before it was ready"));
  }

  onMade(bottom: Transport): void {
    this.#tracked = bottom;
    // Layers that were never told of a connection do not tell of its loss.
    void bottom.closed.then(({ error }) => this.connectionLost(error));
    this.#tracker?.onMade(bottom);
  }

  onClosed(): void {
    if (this.#tracked !== null) this.#tracker?.onClosed(this.#tracked);
  }
}
