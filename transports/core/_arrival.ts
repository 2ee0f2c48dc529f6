import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";

/**
 * Placeholder for the protocol on top of layers. Once the connection has come up through all of
 * them, it sets the protocol in its own place.
 */
export class Arrival implements ProtocolCallbacks {
  /** The protocol that waits for the connection. */
  protocol: AnyProtocol = {};
  readonly #made = Promise.withResolvers<Transport>();

  /** Resolves to the transport on top of all layers; rejects if the connection is lost before. */
  get made(): Promise<Transport> {
    return this.#made.promise;
  }

  connectionMade(top: Transport): unknown {
    top.setProtocol(this.protocol);
    this.#made.resolve(top);
    // The transport or layer that calls this sees to what the protocol throws.
    return this.protocol.connectionMade?.(top);
  }

  connectionLost(error: Error | null): void {
    this.#made.reject(error ?? new ConnectionLostError("Connection lost before it was ready"));
  }
}
