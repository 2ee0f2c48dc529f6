import { TimeoutError } from "./timeout_error.ts";

/** Bytes were waiting to be sent, and the peer took none of them for too long. */
export class WriteStallError extends TimeoutError {
  /** How many bytes were waiting. */
  readonly size: number;

  /** Takes the time waited and what was waiting. */
  constructor(timeoutMs: number, size: number) {
    super(`Cannot send: the peer took none of ${size} bytes in ${timeoutMs} ms`, timeoutMs);
    this.name = "WriteStallError";
    this.size = size;
  }
}

/** The peer sent too slowly. */
export class MinimumRateError extends TimeoutError {
  /** How many bytes came. */
  readonly received: number;
  /** In how many milliseconds. */
  readonly windowMs: number;
  /** How many bytes a second were asked for. */
  readonly rate: number;

  /** Takes what came in which time, and the rate that was asked for. */
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

  /** Takes the format and what is wrong; `cause` is what the decompressor said. */
  constructor(format: string, fault: string, options?: ErrorOptions) {
    super(`Cannot decompress ${format} data: ${fault}`, options);
    this.name = "DecompressionError";
    this.format = format;
  }
}

/** Compressed data grew more than is allowed: a decompression bomb. */
export class DecompressionLimitError extends RangeError {
  /** How many bytes were received since the beginning. */
  readonly received: number;
  /** How many bytes they had become when that was stopped. */
  readonly produced: number;
  /** How many times as many bytes as were received may come of them. */
  readonly maxRatio: number;

  /** Takes what came, what became of it, and the limit. */
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
  /** Where in the file, in bytes. */
  readonly offset: number;

  /** Takes the place and what is wrong there. */
  constructor(offset: number, what: string) {
    super(`Cannot read capture: byte ${offset}: ${what}`);
    this.name = "CaptureFormatError";
    this.offset = offset;
  }
}

/** More was to be captured than the sink took: packets are missing in the capture. */
export class CaptureOverflowError extends RangeError {
  /** How many bytes wait for the sink. */
  readonly size: number;
  /** The cap, `maxBuffer`, in bytes. */
  readonly limit: number;

  /** Takes what waits, and the cap. */
  constructor(size: number, limit: number) {
    super(
      `Cannot capture: ${size} bytes wait for the sink, maxBuffer is ${limit}; packets are dropped`,
    );
    this.name = "CaptureOverflowError";
    this.size = size;
    this.limit = limit;
  }
}

/** What should have been a PROXY header is none, or one that is not allowed. */
export class ProxyProtocolError extends Error {
  /** The address of the other end, as text. */
  readonly peer: string;

  /** Takes the address and what is wrong. */
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
  /** Takes the address and the time waited. */
  constructor(peer: string, timeoutMs: number) {
    super(`Cannot read PROXY header of ${peer}: not there within ${timeoutMs} ms`, timeoutMs);
    this.name = "ProxyProtocolTimeoutError";
    this.peer = peer;
  }
}
