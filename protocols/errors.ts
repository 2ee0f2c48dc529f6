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

/** What went wrong with one message of a {@linkcode Codec}, and whether the connection can go on. */
export abstract class FrameError extends Error {
  /**
   * Whether the messages after this one can still be read or sent: the bad one is, or will be, passed over. If not,
   * nobody knows where the next one starts.
   */
  readonly recoverable: boolean;

  /** Takes the text and whether the connection can go on. */
  constructor(message: string, recoverable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = "FrameError";
    this.recoverable = recoverable;
  }
}

/** A message is longer than its codec allows. */
export class FrameTooLongError extends FrameError {
  /** How long it is, or how much of it was seen, in bytes. */
  readonly length: number;
  /** The limit, `maxLength`, in bytes. */
  readonly limit: number;

  /**
   * Takes the length and the limit.
   *
   * @param length How long the message is, or how much of it was seen, in bytes.
   * @param limit The limit, in bytes.
   * @param recoverable Whether the messages after it can still be read.
   */
  constructor(length: number, limit: number, recoverable = false) {
    super(`Cannot frame message: ${length} bytes exceed the limit of ${limit}`, recoverable);
    this.name = "FrameTooLongError";
    this.length = length;
    this.limit = limit;
  }
}

/** The peer sent bytes that the format does not allow. */
export class FrameDecodeError extends FrameError {
  /** Says what was read and what is wrong with it. By default the connection cannot go on. */
  constructor(message: string, options: ErrorOptions & { readonly recoverable?: boolean } = {}) {
    super(message, options.recoverable ?? false, options);
    this.name = "FrameDecodeError";
  }
}

/** A message cannot be written in the format; nothing of it was sent. */
export class FrameEncodeError extends FrameError {
  /** Says what is wrong with the message. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, true, options);
    this.name = "FrameEncodeError";
  }
}

/** The data ended inside a message. */
export class IncompleteFrameError extends FrameError {
  /** How many bytes of the message had arrived and were not decoded yet. */
  readonly buffered: number;

  /** Takes how much had arrived, in bytes. */
  constructor(buffered: number) {
    super(`Cannot complete message: data ended after ${buffered} bytes of it`, false);
    this.name = "IncompleteFrameError";
    this.buffered = buffered;
  }
}

/** Nothing was sent or received for too long. */
export class IdleTimeoutError extends Error {
  /** How long nothing happened, in milliseconds. */
  readonly timeoutMs: number;

  /** Takes the time waited. */
  constructor(timeoutMs: number) {
    super(`Connection is idle: no byte in ${timeoutMs} ms`);
    this.name = "IdleTimeoutError";
    this.timeoutMs = timeoutMs;
  }
}
