import { X509Certificate } from "node:crypto";
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
} from "node:tls";
import type { ResolvedTlsOptions, TlsCertificate } from "./tls_options.ts";

/** The parsed names of certificates, for as long as somebody holds these. */
const parsed = new WeakMap<TlsCertificate, PeerCertificate>();

/** The certificate a server shows to a client that asks for `serverName`; `null` if it has none. */
export async function chooseCertificate(
  options: ResolvedTlsOptions,
  serverName: string | null,
): Promise<TlsCertificate | null> {
  return await options.sniCallback?.(serverName) ?? fromList(options, serverName);
}

/** What is shown to a client that names nobody. */
export function defaultCertificate(options: ResolvedTlsOptions): TlsCertificate | null {
  const { cert, key, certificates } = options;
  return cert !== undefined && key !== undefined ? { cert, key } : certificates?.[0] ?? null;
}

/** A certificate and the versions to speak, as the engine wants them. */
export function contextOf(
  certificate: TlsCertificate,
  { caCerts, minVersion, maxVersion }: ResolvedTlsOptions,
): SecureContext {
  return createSecureContext({
    cert: certificate.cert,
    key: certificate.key,
    minVersion: minVersion ?? "TLSv1.2",
    maxVersion: maxVersion ?? "TLSv1.3",
    ...(caCerts && { ca: [...caCerts] }),
  });
}

function fromList(options: ResolvedTlsOptions, serverName: string | null): TlsCertificate | null {
  const { certificates = [] } = options;
  const named = serverName === null
    ? undefined
    : certificates.find((certificate) => bearsName(certificate, serverName));
  return named ?? defaultCertificate(options);
}

/** As a client would decide it, wildcards included. */
function bearsName(certificate: TlsCertificate, serverName: string): boolean {
  let known = parsed.get(certificate);
  if (known === undefined) {
    known = new X509Certificate(certificate.cert).toLegacyObject();
    parsed.set(certificate, known);
  }
  return checkServerIdentity(serverName, known) === undefined;
}
