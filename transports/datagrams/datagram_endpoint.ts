import type {
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../../protocols/datagram_contract.ts";

/**
 * An endpoint and its protocol.
 *
 * @typeParam P What the factory made.
 */
export interface DatagramEndpoint<P extends DatagramProtocolCallbacks> {
  /** The endpoint. */
  readonly transport: DatagramTransport;
  /** The protocol that it calls. */
  readonly protocol: P;
}
