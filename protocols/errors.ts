/**
 * Every error class of this library. Each extends the built-in nearest to it, words its own message
 * from the data it carries, and keeps a `cause` where there is one. Errors of the
 * operating system stay `Deno.errors.*`.
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

  /** Takes how far was searched, the limit, and whether the separator was found after that. */
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

/** A fault of one message of a {@linkcode Codec}; `recoverable` tells whether the connection can go on. */
export abstract class FrameError extends Error {
  /**
   * Whether the messages after this one can still be read or sent: the bad one is, or will be, passed over. If not,
   * the start of the next one is unknown.
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

/**
 * Why a TLS handshake failed.
 *
 * - `"notTls"`: what came is no TLS.
 * - `"ended"`: the connection ended in the middle of it.
 * - `"version"`: no version in common.
 * - `"cipher"`: no cipher or key exchange in common.
 * - `"protocol"`: no application protocol in common (ALPN).
 * - `"name"`: the certificate is for another name.
 * - `"expired"`: the certificate is not valid any more, or not yet.
 * - `"untrusted"`: no trusted authority has signed the certificate, or it proves nothing.
 * - `"noCertificate"`: a certificate was asked for, and none was shown.
 * - `"other"`: see the message.
 */
export type TlsFailure =
  | "notTls"
  | "ended"
  | "version"
  | "cipher"
  | "protocol"
  | "name"
  | "expired"
  | "untrusted"
  | "noCertificate"
  | "other";

/** A fault of an encrypted connection: the base of all TLS errors, with the addresses of both ends. */
export class TlsError extends Error {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** The address of this end, as text. */
  readonly local: string;

  /** Takes what happened, and both addresses. */
  constructor(message: string, peer: string, local: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TlsError";
    this.peer = peer;
    this.local = local;
  }
}

/** A TLS handshake failed. */
export class TlsHandshakeError extends TlsError {
  /** What kind of failure it is. */
  readonly reason: TlsFailure;

  /** Takes the kind of failure, both addresses, and in words what happened; `cause` is what the engine said. */
  constructor(
    reason: TlsFailure,
    peer: string,
    local: string,
    what: string,
    options?: ErrorOptions,
  ) {
    const message = `Cannot complete TLS handshake between ${local} and ${peer}: ${what}`;
    super(message, peer, local, options);
    this.name = "TlsHandshakeError";
    this.reason = reason;
  }
}

/** A TLS handshake took too long. */
export class HandshakeTimeoutError extends TlsError {
  /** How long was waited, in milliseconds. */
  readonly timeoutMs: number;

  /** Takes both addresses and the time waited. */
  constructor(peer: string, local: string, timeoutMs: number) {
    const what = `not done within ${timeoutMs} ms`;
    super(`Cannot complete TLS handshake between ${local} and ${peer}: ${what}`, peer, local);
    this.name = "HandshakeTimeoutError";
    this.timeoutMs = timeoutMs;
  }
}

/** The peer, or an attacker in between, broke TLS after the handshake: a record that does not decrypt, an alert. */
export class TlsProtocolError extends TlsError {
  /** What kind of failure it is; a server may refuse a client's certificate only after the client's handshake. */
  readonly reason: TlsFailure;

  /** Takes the kind of failure, both addresses, and in words what happened. */
  constructor(
    reason: TlsFailure,
    peer: string,
    local: string,
    what: string,
    options?: ErrorOptions,
  ) {
    super(`TLS connection between ${local} and ${peer} failed: ${what}`, peer, local, options);
    this.name = "TlsProtocolError";
    this.reason = reason;
  }
}

/** The peer's data ended without the mark that TLS puts at its end: it may have been cut off. */
export class TruncationError extends TlsError {
  /** Takes both addresses. */
  constructor(peer: string, local: string, options?: ErrorOptions) {
    super(`TLS data from ${peer} to ${local} ended without close_notify`, peer, local, options);
    this.name = "TruncationError";
  }
}

/** The last bytes of a TLS connection could not be sent in time. */
export class ShutdownTimeoutError extends TlsError {
  /** How long was waited, in milliseconds. */
  readonly timeoutMs: number;
  /** How many encrypted bytes were not sent. */
  readonly unsent: number;

  /** Takes both addresses, the time waited, and how many bytes were left. */
  constructor(peer: string, local: string, timeoutMs: number, unsent: number) {
    const what = `${unsent} bytes not sent within ${timeoutMs} ms`;
    super(`Cannot end TLS connection between ${local} and ${peer}: ${what}`, peer, local);
    this.name = "ShutdownTimeoutError";
    this.timeoutMs = timeoutMs;
    this.unsent = unsent;
  }
}

/** There was data after the request to begin TLS, and `strict` forbids that. */
export class PlaintextInjectionError extends TlsError {
  /** How much data there was, in bytes. */
  readonly length: number;

  /** Takes both addresses, and how much there was. */
  constructor(peer: string, local: string, length: number) {
    const what = `${length} bytes were received before it began`;
    super(`Cannot start TLS between ${local} and ${peer}: ${what}`, peer, local);
    this.name = "PlaintextInjectionError";
    this.length = length;
  }
}

/** Bytes were waiting to be sent, and the peer took none of them for too long. */
export class WriteStallError extends Error {
  /** How long nothing was taken, in milliseconds. */
  readonly timeoutMs: number;
  /** How many bytes were waiting. */
  readonly size: number;

  /** Takes the time waited and what was waiting. */
  constructor(timeoutMs: number, size: number) {
    super(`Cannot send: the peer took none of ${size} bytes in ${timeoutMs} ms`);
    this.name = "WriteStallError";
    this.timeoutMs = timeoutMs;
    this.size = size;
  }
}

/** The peer sent too slowly. */
export class MinimumRateError extends Error {
  /** How many bytes came. */
  readonly received: number;
  /** In how many milliseconds. */
  readonly windowMs: number;
  /** How many bytes a second were asked for. */
  readonly rate: number;

  /** Takes what came in which time, and the rate that was asked for. */
  constructor(received: number, windowMs: number, rate: number) {
    super(`Peer is too slow: ${received} bytes in ${windowMs} ms, at least ${rate} a second asked`);
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

/** More arrived than may wait to be read, on a carrier that cannot make its peer wait. */
export class ReceiveBufferFullError extends RangeError {
  /** How much would have waited, in bytes. */
  readonly size: number;
  /** The cap, `maxReadBuffer`, in bytes. */
  readonly limit: number;

  /** Takes what would have waited, and the cap. */
  constructor(size: number, limit: number) {
    super(`Cannot keep what arrives: ${size} bytes wait to be read, maxReadBuffer is ${limit}`);
    this.name = "ReceiveBufferFullError";
    this.size = size;
    this.limit = limit;
  }
}

/** The other end of a message channel sent something that does not belong to the byte stream. */
export class CarrierMessageError extends TypeError {
  /** Says what was received. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CarrierMessageError";
  }
}

/** A WebSocket could not be opened, or did not end in good order. */
export class WebSocketError extends Error {
  /** The code it was closed with: 1006 if the connection just broke. */
  readonly code: number;
  /** The reason that the other end gave; often empty. */
  readonly reason: string;

  /** Says what failed, and takes code and reason. */
  constructor(action: string, code: number, reason: string, options?: ErrorOptions) {
    super(`${action}: closed with code ${code}${reason === "" ? "" : `, "${reason}"`}`, options);
    this.name = "WebSocketError";
    this.code = code;
    this.reason = reason;
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
export class ProxyProtocolTimeoutError extends Error {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** How long was waited, in milliseconds. */
  readonly timeoutMs: number;

  /** Takes the address and the time waited. */
  constructor(peer: string, timeoutMs: number) {
    super(`Cannot read PROXY header of ${peer}: not there within ${timeoutMs} ms`);
    this.name = "ProxyProtocolTimeoutError";
    this.peer = peer;
    this.timeoutMs = timeoutMs;
  }
}
