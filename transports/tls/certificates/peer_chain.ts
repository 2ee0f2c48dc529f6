import type { PeerCertificate, TLSSocket } from "node:tls";
import { type CertificateForm, readCertificate } from "./certificate_form.ts";
import { readPem } from "./pem.ts";

/** The certificates that a peer showed, its own first. */
export interface PeerChain {
  /** The SHA-256 hash of the peer's own certificate. */
  readonly fingerprint: string;
  /** The fields of the peer's own certificate. */
  readonly own: CertificateForm;
  /** When the first of all of them expires, in milliseconds since the epoch. */
  readonly validUntil: number;
}

/** A certificate as Node shows it; the last one is its own issuer, or has none. */
interface ChainedCertificate extends PeerCertificate {
  readonly issuerCertificate?: ChainedCertificate;
}

/**
 * Reads the certificates that the peer of a connection showed.
 *
 * @param socket The connection, after its handshake.
 * @param caCerts The authorities, which may be of an old form.
 * @returns The certificates; `null` if the peer showed none.
 * @throws {DerError} If one is not of version 3, or not encoded as it must be. The engine takes
 * such a certificate without a proof that the peer has its key.
 */
export function readPeerChain(
  socket: TLSSocket,
  caCerts: readonly string[] = [],
): PeerChain | null {
  const first = socket.getPeerCertificate(true) as ChainedCertificate | null;
  if (!first?.raw) return null;
  const own = readCertificate(first.raw);
  let validUntil = own.validTo;
  for (const raw of issuersOf(first)) {
    try {
      validUntil = Math.min(validUntil, readCertificate(raw).validTo);
    } catch (error) {
      if (!isAmong(raw, caCerts)) throw error;
    }
  }
  return { fingerprint: first.fingerprint256, own, validUntil };
}

function* issuersOf(first: ChainedCertificate): Iterable<Uint8Array> {
  const seen = new Set([first]);
  for (
    let next = first.issuerCertificate;
    next?.raw && !seen.has(next);
    next = next.issuerCertificate
  ) {
    seen.add(next);
    yield next.raw;
  }
}

function isAmong(raw: Uint8Array, pems: readonly string[]): boolean {
  const wanted = raw.toBase64();
  return pems.some((pem) => readPem(pem).some(({ bytes }) => bytes.toBase64() === wanted));
}
