/** A method was called in a state that does not allow it: asyncio's `RuntimeError`. */
export class InvalidStateError extends Error {
  /** Says what was attempted and which state forbids it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "InvalidStateError";
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

/** Something took too long: the base of all errors that say so. */
export class TimeoutError extends Error {
  /** The time limit that was exceeded, in milliseconds. */
  readonly timeoutMs: number;

  /** Says what was not done, and takes the time that was allowed. */
  constructor(message: string, timeoutMs: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "TimeoutError";
    this.timeoutMs = timeoutMs;
  }
}

/**
 * More was written than a transport may buffer: the peer does not read, and `pauseWriting` went
 * unheeded.
 */
export class WriteBufferFullError extends RangeError {
  /** How much was queued, in bytes. */
  readonly size: number;
  /** The cap, `maxWriteBuffer`, in bytes. */
  readonly limit: number;

  /** Creates the error from both sizes in bytes and the peer's address as text. */
  constructor(size: number, limit: number, peer: string) {
    super(`Cannot write to ${peer}: ${size} bytes are queued, maxWriteBuffer is ${limit}`);
    this.name = "WriteBufferFullError";
    this.size = size;
    this.limit = limit;
  }
}

/** More arrived than may wait to be read, on a carrier that cannot make its peer wait. */
export class ReceiveBufferFullError extends RangeError {
  /** How much would have waited, in bytes. */
  readonly size: number;
  /** The cap, `maxReadBuffer`, in bytes. */
  readonly limit: number;

  /** Creates the error from both sizes in bytes. */
  constructor(size: number, limit: number) {
    super(`Cannot keep what arrives: ${size} bytes wait to be read, maxReadBuffer is ${limit}`);
    this.name = "ReceiveBufferFullError";
    this.size = size;
    this.limit = limit;
  }
}

/** A host name could not be resolved to an address. */
export class NameResolutionError extends Error {
  /** The name that was looked up. */
  readonly hostname: string;

  /** Creates the error from the name; `cause` is the error of the resolver. */
  constructor(hostname: string, options?: ErrorOptions) {
    super(`Cannot resolve host name: "${hostname}"`, options);
    this.name = "NameResolutionError";
    this.hostname = hostname;
  }
}

/** No connection came about in time. */
export class ConnectTimeoutError extends TimeoutError {
  /** Where the connection should have gone, as text. */
  readonly address: string;
  /** Creates the error from the address as text and the timeout in milliseconds. */
  constructor(address: string, timeoutMs: number, options?: ErrorOptions) {
    super(`Cannot connect to ${address}: no answer within ${timeoutMs} ms`, timeoutMs, options);
    this.name = "ConnectTimeoutError";
    this.address = address;
  }
}

/** Nothing was sent or received for too long. */
export class IdleTimeoutError extends TimeoutError {
  /**
   * Creates the error from the timeout in milliseconds, and the direction that counts if only one
   * does.
   */
  constructor(timeoutMs: number, direction: "received" | "sent" | "both" = "both") {
    const what = direction === "both" ? "no byte" : `no byte ${direction}`;
    super(`Connection is idle: ${what} in ${timeoutMs} ms`, timeoutMs);
    this.name = "IdleTimeoutError";
  }
}

/** The other end of a message channel sent something that does not belong to the byte stream. */
export class CarrierMessageError extends TypeError {
  /** Creates the error from a description of the message. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CarrierMessageError";
  }
}

/** A WebSocket could not be opened, or did not end in good order. */
export class WebSocketClosedError extends Error {
  /** The code it was closed with: 1006 if the connection just broke. */
  readonly code: number;
  /** The reason that the other end gave; often empty. */
  readonly reason: string;

  /** Says what failed, and takes code and reason. */
  constructor(action: string, code: number, reason: string, options?: ErrorOptions) {
    super(`${action}: closed with code ${code}${reason === "" ? "" : `, "${reason}"`}`, options);
    this.name = "WebSocketClosedError";
    this.code = code;
    this.reason = reason;
  }
}

/** A file became shorter while it was being sent. The bytes that were sent cannot be taken back. */
export class IncompleteSendError extends Error {
  /** How many bytes were sent. */
  readonly sent: number;
  /** How many bytes the range has. */
  readonly expected: number;

  /** Creates the error from the name of the file and both numbers of bytes. */
  constructor(name: string, sent: number, expected: number) {
    super(`Cannot send all of ${name}: it ended after ${sent} of ${expected} bytes`);
    this.name = "IncompleteSendError";
    this.sent = sent;
    this.expected = expected;
  }
}
