import type { Address } from "../protocols/facts/address.ts";
import type {
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../protocols/datagram_contract.ts";
import type { DatagramQueueOptions } from "../transports/datagrams/datagram_options.ts";

/** A feature that an endpoint of some kind lacks, see {@linkcode testDatagramEndpoint}. */
export type DatagramGap = "truncation";

/** Options for a {@linkcode MakeDatagramEndpoint}. */
export interface MakeDatagramOptions extends DatagramQueueOptions {
  /** The peer that the endpoint is to be connected to. */
  readonly peer?: Address;
  /** The longest datagram that it receives whole. Without the gap `"truncation"` it is heeded. */
  readonly maxDatagramSize?: number;
}

/**
 * Opens an endpoint at a place where no other is. All that it opens can reach each other.
 *
 * @param protocolFactory Makes the protocol; called once.
 * @param options What it is connected to, and its limits.
 */
export type MakeDatagramEndpoint = (
  protocolFactory: () => DatagramProtocolCallbacks,
  options: MakeDatagramOptions,
) => Promise<{ readonly transport: DatagramTransport }>;
