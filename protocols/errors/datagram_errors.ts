/**
 * The errors of datagram endpoints.
 *
 * @module
 */
import type { Address } from "../facts/address.ts";
import type { Bytes } from "../bytes.ts";

/** A datagram arrived that is longer than the endpoint takes: its end is lost. */
export class DatagramTruncatedError extends Error {
  /** The start of the datagram. */
  readonly partial: Bytes;
  /** The address of the sender. */
  readonly address: Address;

  /** Creates the error from the start of the datagram, the sender's address, and that as text. */
  constructor(partial: Bytes, address: Address, sender: string) {
    super(
      `Cannot receive datagram from ${sender}: it is longer than maxDatagramSize, ` +
        `which is ${partial.length} bytes`,
    );
    this.name = "DatagramTruncatedError";
    this.partial = partial;
    this.address = address;
  }
}

/** A datagram is longer than can be sent. */
export class DatagramTooLargeError extends RangeError {
  /** The size of the datagram, in bytes. */
  readonly size: number;
  /** How many bytes can be sent; `null` where only the system knows. */
  readonly limit: number | null;

  /** Creates the error from both sizes in bytes and the address as text. */
  constructor(size: number, limit: number | null, destination: string, options?: ErrorOptions) {
    const most = limit === null ? "more than the system sends" : `the most is ${limit}`;
    super(`Cannot send datagram to ${destination}: it has ${size} bytes, ${most}`, options);
    this.name = "DatagramTooLargeError";
    this.size = size;
    this.limit = limit;
  }
}
