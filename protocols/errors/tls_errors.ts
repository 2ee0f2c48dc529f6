import { TimeoutError } from "./connection_errors.ts";

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

/** Both ends of an encrypted connection. */
export interface TlsEnds {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** The address of this end, as text. */
  readonly local: string;
}

/**
 * A fault of an encrypted connection: the base of all TLS errors, with the addresses of both ends.
 */
export class TlsError extends Error implements TlsEnds {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** The address of this end, as text. */
  readonly local: string;

  /** Creates the error from a description and both addresses as text. */
  constructor(message: string, { peer, local }: TlsEnds, options?: ErrorOptions) {
    super(message, options);
    this.name = "TlsError";
    this.peer = peer;
    this.local = local;
  }
}

/** A TLS handshake failed. */
export class TlsHandshakeError extends TlsError {
  /** The kind of the failure. */
  readonly reason: TlsFailure;

  /**
   * Creates the error from the kind of failure, both addresses as text, and a description; `cause`
   * is the error of the engine.
   */
  constructor(reason: TlsFailure, ends: TlsEnds, what: string, options?: ErrorOptions) {
    const { peer, local } = ends;
    super(`Cannot complete TLS handshake between ${local} and ${peer}: ${what}`, ends, options);
    this.name = "TlsHandshakeError";
    this.reason = reason;
  }
}

/** A TLS handshake took too long. */
export class HandshakeTimeoutError extends TimeoutError implements TlsEnds {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** The address of this end, as text. */
  readonly local: string;
  /** Creates the error from both addresses as text and the timeout in milliseconds. */
  constructor({ peer, local }: TlsEnds, timeoutMs: number) {
    const what = `not done within ${timeoutMs} ms`;
    super(`Cannot complete TLS handshake between ${local} and ${peer}: ${what}`, timeoutMs);
    this.name = "HandshakeTimeoutError";
    this.peer = peer;
    this.local = local;
  }
}

/**
 * The peer, or an attacker in between, broke TLS after the handshake: a record that does not
 * decrypt, an alert.
 */
export class TlsProtocolError extends TlsError {
  /**
   * The kind of the failure; a server may refuse a client's certificate only after the client's
   * handshake.
   */
  readonly reason: TlsFailure;

  /** Creates the error from the kind of failure, both addresses as text, and a description. */
  constructor(reason: TlsFailure, ends: TlsEnds, what: string, options?: ErrorOptions) {
    super(`TLS connection between ${ends.local} and ${ends.peer} failed: ${what}`, ends, options);
    this.name = "TlsProtocolError";
    this.reason = reason;
  }
}

/** The peer's data ended without the mark that TLS puts at its end: it may have been cut off. */
export class TruncationError extends TlsError {
  /** Creates the error from both addresses as text. */
  constructor(ends: TlsEnds, options?: ErrorOptions) {
    super(`TLS data from ${ends.peer} to ${ends.local} ended without close_notify`, ends, options);
    this.name = "TruncationError";
  }
}

/** The last bytes of a TLS connection could not be sent in time. */
export class ShutdownTimeoutError extends TimeoutError implements TlsEnds {
  /** The address of the other end, as text. */
  readonly peer: string;
  /** The address of this end, as text. */
  readonly local: string;
  /** How many encrypted bytes were not sent. */
  readonly unsent: number;

  /**
   * Creates the error from both addresses as text, the timeout in milliseconds, and the unsent
   * bytes.
   */
  constructor({ peer, local }: TlsEnds, timeoutMs: number, unsent: number) {
    const what = `${unsent} bytes not sent within ${timeoutMs} ms`;
    super(`Cannot end TLS connection between ${local} and ${peer}: ${what}`, timeoutMs);
    this.name = "ShutdownTimeoutError";
    this.peer = peer;
    this.local = local;
    this.unsent = unsent;
  }
}

/** There was data after the request to begin TLS, and `strict` forbids that. */
export class PlaintextInjectionError extends TlsError {
  /** How many bytes had arrived in the clear. */
  readonly length: number;

  /** Creates the error from both addresses as text and the number of bytes. */
  constructor(ends: TlsEnds, length: number) {
    const what = `${length} bytes were received before it began`;
    super(`Cannot start TLS between ${ends.local} and ${ends.peer}: ${what}`, ends);
    this.name = "PlaintextInjectionError";
    this.length = length;
  }
}
