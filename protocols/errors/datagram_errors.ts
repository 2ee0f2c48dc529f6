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
  /** Where it came from. */
  readonly address: Address;

  /** Takes what is left of it, where it came from, and that address as text. */
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
  /** How many bytes it has. */
  readonly size: number;
  /** How many bytes can be sent; `null` where only the system knows. */
  readonly limit: number | null;

  /** Takes both sizes, in bytes, and the address as text. */
  constructor(size: number, limit: number | null, destination: string, options?: ErrorOptions) {
    const most = limit === null ? "more than the system sends" : `the most is ${limit}`;
    super(`Cannot send datagram to ${destination}: it has ${size} bytes, ${most}`, options);
    this.name = "DatagramTooLargeError";
    this.size = size;
    this.limit = limit;
  }
}
