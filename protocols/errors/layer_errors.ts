import { TimeoutError } from "./connection_errors.ts";

/** Bytes were waiting to be sent, and the peer took none of them for too long. */
export class WriteStallError extends TimeoutError {
  /** How many bytes were queued. */
  readonly size: number;

  /** Creates the error from the timeout in milliseconds and the queued bytes. */
  constructor(timeoutMs: number, size: number) {
    super(`Cannot send: the peer took none of ${size} bytes in ${timeoutMs} ms`, timeoutMs);
    this.name = "WriteStallError";
    this.size = size;
  }
}

/** The peer sent too slowly. */
export class MinimumRateError extends TimeoutError {
  /** How many bytes were received in the window. */
  readonly received: number;
  /** The length of the window, in milliseconds. */
  readonly windowMs: number;
  /** The required rate, in bytes a second. */
  readonly rate: number;

  /** Creates the error from the bytes, the window in milliseconds, and the required rate. */
  constructor(received: number, windowMs: number, rate: number) {
    super(
      `Peer is too slow: ${received} bytes in ${windowMs} ms, at least ${rate} a second asked`,
      windowMs,
    );
    this.name = "MinimumRateError";
    this.received = received;
    this.windowMs = windowMs;
    this.rate = rate;
  }
}

/** Compressed data is corrupt, or ends too early. */
export class DecompressionError extends Error {
  /** The format that was expected, such as `"gzip"`. */
  readonly format: string;

  /**
   * Creates the error from the format and a description; `cause` is the error of the decompressor.
   */
  constructor(format: string, fault: string, options?: ErrorOptions) {
    super(`Cannot decompress ${format} data: ${fault}`, options);
    this.name = "DecompressionError";
    this.format = format;
  }
}

/** Compressed data grew more than is allowed: a decompression bomb. */
export class DecompressionLimitError extends RangeError {
  /** How many compressed bytes were received on this connection. */
  readonly received: number;
  /** How many bytes they had expanded to at the limit. */
  readonly produced: number;
  /** The limit: how many bytes may come of each received byte. */
  readonly maxRatio: number;

  /** Creates the error from both numbers of bytes and the limit. */
  constructor(received: number, produced: number, maxRatio: number) {
    super(
      `Cannot decompress: ${received} bytes became ${produced} or more, maxRatio is ${maxRatio}`,
    );
    this.name = "DecompressionLimitError";
    this.received = received;
    this.produced = produced;
    this.maxRatio = maxRatio;
  }
}

/** A file is not a capture, or not one that can be read. */
export class CaptureFormatError extends Error {
  /** The position in the file, in bytes. */
  readonly offset: number;

  /** Creates the error from the position in bytes and a description of the fault. */
  constructor(offset: number, what: string) {
    super(`Cannot read capture: byte ${offset}: ${what}`);
    this.name = "CaptureFormatError";
    this.offset = offset;
  }
}

/** More was to be captured than the sink took: packets are missing in the capture. */
export class CaptureOverflowError extends RangeError {
  /** How many bytes were waiting for the sink. */
  readonly size: number;
  /** The cap, `maxBuffer`, in bytes. */
  readonly limit: number;

  /** Creates the error from both sizes in bytes. */
  constructor(size: number, limit: number) {
    super(
      `Cannot capture: ${size} bytes wait for the sink, maxBuffer is ${limit}; packets are dropped`,
    );
    this.name = "CaptureOverflowError";
    this.size = size;
    this.limit = limit;
  }
}

/** A connection began without a PROXY header, or with one that is not allowed. */
export class ProxyProtocolError extends Error {
  /** The address of the other end, as text. */
  readonly peer: string;

  /** Creates the error from the peer's address as text and a description of the fault. */
  constructor(peer: string, what: string) {
    super(`Cannot read PROXY header of ${peer}: ${what}`);
    this.name = "ProxyProtocolError";
    this.peer = peer;
  }
}

/** No whole PROXY header came in time. */
export class ProxyProtocolTimeoutError extends TimeoutError {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** Creates the error from the address as text and the timeout in milliseconds. */
  constructor(peer: string, timeoutMs: number) {
    super(`Cannot read PROXY header of ${peer}: not there within ${timeoutMs} ms`, timeoutMs);
    this.name = "ProxyProtocolTimeoutError";
    this.peer = peer;
  }
}
