import type { DatagramDestination } from "../../protocols/datagram_contract.ts";

/** A datagram to be sent. */
export interface OutgoingDatagram {
  /** The bytes; a string is sent as UTF-8. */
  readonly data: Uint8Array | string;
  /** Where it goes; not needed by a connected socket. */
  readonly address?: DatagramDestination | null;
}

/** What became of the datagrams of `DatagramSocket.sendMany`. */
export interface SendManyResult {
  /** How many datagrams the system accepted. */
  readonly sent: number;
  /** Those that were not sent: their places in the iterable, and why. */
  readonly failed: readonly { readonly index: number; readonly error: Error }[];
}
