/**
 * The PROXY protocol on the wire: what its reader and its writer have in common.
 *
 * ```text
 * version 1   PROXY TCP4 192.0.2.1 192.0.2.9 50000 443 CR LF
 * version 2   signature (12), version and command (1), family and kind (1), length (2),
 *             source address, destination address, ports, (type (1), length (2), value)*
 * ```
 *
 * @module
 */

/** The first bytes of version 2. */
export const SIGNATURE: Uint8Array = Uint8Array.of(
  ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a],
);
/** The first bytes of version 1. */
export const PREFIX: Uint8Array = new TextEncoder().encode("PROXY ");
/** The longest header of version 1, with its line end, in bytes. */
export const LONGEST_LINE = 107;
/** The head of version 2, up to its length, in bytes. */
export const HEAD_LENGTH = 16;
/** The path of a Unix socket takes so many bytes, filled up with zeros. */
export const UNIX_PATH_LENGTH = 108;
/** The longest unique id, in bytes. */
export const LONGEST_UNIQUE_ID = 128;

/** The families of addresses: the high half of the 14th byte. */
export const FAMILY = { unspecified: 0, inet: 1, inet6: 2, unix: 3 } as const;

/** The types of the further facts. */
export const TLV = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  sslVersion: 0x21,
  sslCommonName: 0x22,
  sslCipher: 0x23,
  sslSignatureAlgorithm: 0x24,
  sslKeyAlgorithm: 0x25,
  netns: 0x30,
} as const;

/** The facts of the client's TLS: bits of one byte. */
export const CLIENT = { isTls: 1, hasCertificate: 2, hasSessionCertificate: 4 } as const;
