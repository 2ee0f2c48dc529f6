import type { Bytes } from "../bytes.ts";

/** A certificate that was shown in a TLS handshake. */
export interface PeerCertificate {
  /** Whose it is: by field, as in `{ CN: "example.com" }`. */
  readonly subject: Readonly<Record<string, string | readonly string[]>>;
  /** The name of the authority that signed the certificate. */
  readonly issuer: Readonly<Record<string, string | readonly string[]>>;
  /** The names it is valid for, each by itself; empty if it has none. */
  readonly subjectAltName: readonly SubjectAltName[];
  /** The time from which the certificate is valid. */
  readonly validFrom: Date;
  /** The time until which the certificate is valid. */
  readonly validTo: Date;
  /** Its number with its issuer, in hexadecimal. */
  readonly serialNumber: string;
  /** The SHA-256 hash of it, as in `"AB:CD:…"`. */
  readonly fingerprint256: string;
  /** The whole certificate, as DER. */
  readonly raw: Bytes;
}

/** A name that a certificate is valid for. */
export interface SubjectAltName {
  /** The kind of the name: a host, an IP address, a mail address, a URI, or another. */
  readonly type: "dns" | "ip" | "email" | "uri" | "other";
  /**
   * The name, such as `"example.com"` or `"*.example.com"`; the DER of another kind in hexadecimal.
   * Compare it as a whole: it may contain commas and colons.
   */
  readonly value: string;
}

/** How a TLS connection is encrypted. */
export interface TlsCipher {
  /** The name of the cipher suite in OpenSSL. */
  readonly name: string;
  /** The name that the standard has for it. */
  readonly standardName: string;
  /** The version of TLS. */
  readonly version: string;
}
