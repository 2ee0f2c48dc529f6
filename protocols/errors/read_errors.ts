/** The data ended before what was asked for had arrived. */
export class IncompleteReadError extends Error {
  /** The bytes that did arrive; they are consumed. */
  readonly partial: Uint8Array<ArrayBuffer>;
  /** How many bytes were requested; `null` if the read looked for a separator. */
  readonly expected: number | null;

  /** Creates the error from the bytes that arrived and the number that was requested. */
  constructor(partial: Uint8Array<ArrayBuffer>, expected: number | null) {
    super(
      `Cannot complete read: data ended after ${partial.length} of ${
        expected ?? "an unknown number of"
      } bytes`,
    );
    this.name = "IncompleteReadError";
    this.partial = partial;
    this.expected = expected;
  }
}

/**
 * A separator did not come within the limit. A `RangeError`, as asyncio's `readline` raises
 * `ValueError`.
 */
export class LimitOverrunError extends RangeError {
  /** How many buffered bytes were searched, from the start of the buffer. */
  readonly consumed: number;
  /** The limit, in bytes. */
  readonly limit: number;

  /**
   * Creates the error from the searched bytes, the limit, and whether the separator was found after
   * it.
   */
  constructor(consumed: number, limit: number, found: boolean) {
    super(
      `Cannot read up to separator: limit is ${limit} bytes, ${
        found ? `separator found only after ${consumed}` : `${consumed} buffered without one`
      }`,
    );
    this.name = "LimitOverrunError";
    this.consumed = consumed;
    this.limit = limit;
  }
}

/**
 * The bytes of a text are not UTF-8. A `TypeError`, as a `TextDecoder` with `fatal` throws.
 */
export class TextDecodeError extends TypeError {
  /** The bytes that are not UTF-8. They are consumed. */
  readonly bytes: Uint8Array<ArrayBuffer>;

  /** Creates the error from the bytes. */
  constructor(bytes: Uint8Array<ArrayBuffer>, options?: ErrorOptions) {
    super(
      `Cannot read text: ${bytes.length} bytes are not UTF-8; ` +
        'read them with as: "bytes", or have what is wrong replaced with invalid: "replace"',
      options,
    );
    this.name = "TextDecodeError";
    this.bytes = bytes;
  }
}

/** The first bytes of a connection are those of none of the protocols that it may have. */
export class UnknownProtocolError extends Error {
  /** The first bytes. */
  readonly head: Uint8Array<ArrayBuffer>;

  /** Creates the error from the first bytes. */
  constructor(head: Uint8Array<ArrayBuffer>) {
    const shown = Array.from(head.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
    super(`Cannot tell the protocol: none of those expected begins with ${shown.join(" ")}`);
    this.name = "UnknownProtocolError";
    this.head = head;
  }
}
