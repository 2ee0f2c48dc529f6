import type { Address } from "./address.ts";
import type { Bytes } from "../bytes.ts";

/**
 * The header of HAProxy's PROXY protocol: a proxy sends it before the bytes of a client, and names
 * the client.
 */
export interface ProxyHeader {
  /** The version of the protocol: text or binary. */
  readonly version: 1 | 2;
  /**
   * Whether the proxy speaks for a client, or for itself as in a health check. Version 1 always
   * speaks for a client.
   */
  readonly command: "proxy" | "local";
  /** Where the client is; `null` if the proxy does not tell. */
  readonly source: Address | null;
  /** Where the client connected to; `null` if the proxy does not tell. */
  readonly destination: Address | null;
  /** The further fields (TLVs); empty in version 1. */
  readonly tlvs: ProxyTlvs;
}

/** The further facts in a {@linkcode ProxyHeader}. */
export interface ProxyTlvs {
  /** The application protocol that client and proxy agreed on (ALPN). */
  readonly alpn?: string;
  /** The host name that the client asked for (SNI). */
  readonly authority?: string;
  /** The checksum of the header; it was found right. */
  readonly crc32c?: number;
  /** The id that the proxy gives the connection, at most 128 bytes. */
  readonly uniqueId?: Bytes;
  /** How the client's connection to the proxy is encrypted. */
  readonly ssl?: ProxySsl;
  /** The name of the network namespace. */
  readonly netns?: string;
  /** All others, in their order. */
  readonly others?: readonly ProxyTlv[];
}

/** The TLS connection between client and proxy, as the proxy describes it. */
export interface ProxySsl {
  /** Whether the client connected over TLS. */
  readonly isTls: boolean;
  /** Whether it showed a certificate on this connection. */
  readonly hasCertificate: boolean;
  /**
   * Whether it showed a certificate at least once in the TLS session that this connection belongs
   * to.
   */
  readonly hasSessionCertificate: boolean;
  /** Whether it showed a certificate that was verified. */
  readonly isVerified: boolean;
  /** The version, as in `"TLSv1.3"`. */
  readonly version?: string;
  /** The common name in the client's certificate. */
  readonly commonName?: string;
  /** The cipher, as in `"ECDHE-RSA-AES128-GCM-SHA256"`. */
  readonly cipher?: string;
  /** The algorithm that the proxy's certificate is signed with, as in `"SHA256"`. */
  readonly signatureAlgorithm?: string;
  /** The algorithm of the key of the proxy's certificate, as in `"RSA2048"`. */
  readonly keyAlgorithm?: string;
  /** All others, in their order. */
  readonly others?: readonly ProxyTlv[];
}

/** One fact that a proxy states: a type and bytes. */
export interface ProxyTlv {
  /** The type, 0 to 255. */
  readonly type: number;
  /** The bytes, at most 65,535. */
  readonly value: Bytes;
}
