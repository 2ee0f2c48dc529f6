/**
 * Every error class of this library. Each extends the built-in nearest to it, words its own message
 * from the data it carries, and keeps a `cause` where there is one. What the operating system
 * reports stays `Deno.errors.*`.
 *
 * @module
 */

/** A method was called in a state that does not allow it: asyncio's `RuntimeError`. */
export class InvalidStateError extends Error {
  /** Says what was attempted and which state forbids it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "InvalidStateError";
  }
}

/** The data ended before what was asked for had arrived. */
export class IncompleteReadError extends Error {
  /** The bytes that did arrive; they are consumed. */
  readonly partial: Uint8Array<ArrayBuffer>;
  /** How many bytes were asked for; `null` if it was a separator. */
  readonly expected: number | null;

  /** Takes what arrived and how much was asked for. */
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

/** A separator did not come within the limit. A `RangeError`, as asyncio's `readline` raises `ValueError`. */
export class LimitOverrunError extends RangeError {
  /** How many buffered bytes were searched, from the start of the buffer. */
  readonly consumed: number;
  /** The limit, in bytes. */
  readonly limit: number;

  /** Takes how far was searched, the limit, and whether the separator stands behind that. */
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

/** The connection was already gone when an operation needed it. */
export class ConnectionLostError extends Error {
  /** Says what was attempted; `cause` is the failure that ended the connection, if one did. */
  constructor(message = "Connection lost", options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionLostError";
  }
}

/** More was written than a transport may buffer: the peer does not read, and `pauseWriting` went unheeded. */
export class WriteBufferFullError extends RangeError {
  /** How many bytes were buffered, in bytes. */
  readonly size: number;
  /** The cap, `maxWriteBuffer`, in bytes. */
  readonly limit: number;

  /** Takes what was buffered, the cap, and the peer's address as text. */
  constructor(size: number, limit: number, peer: string) {
    super(`Cannot write to ${peer}: ${size} bytes are queued, maxWriteBuffer is ${limit}`);
    this.name = "WriteBufferFullError";
    this.size = size;
    this.limit = limit;
  }
}

/** No connection came about in time. */
export class ConnectTimeoutError extends Error {
  /** Where the connection should have gone, as text. */
  readonly address: string;
  /** How long was waited, in milliseconds. */
  readonly timeoutMs: number;

  /** Takes the address and the time waited. */
  constructor(address: string, timeoutMs: number, options?: ErrorOptions) {
    super(`Cannot connect to ${address}: no answer within ${timeoutMs} ms`, options);
    this.name = "ConnectTimeoutError";
    this.address = address;
    this.timeoutMs = timeoutMs;
  }
}

/** A host name could not be resolved to an address. */
export class NameResolutionError extends Error {
  /** The name that was looked up. */
  readonly hostname: string;

  /** Takes the name; `cause` is what the resolver said. */
  constructor(hostname: string, options?: ErrorOptions) {
    super(`Cannot resolve host name: "${hostname}"`, options);
    this.name = "NameResolutionError";
    this.hostname = hostname;
  }
}
