import type { SecureContext } from "node:tls";
import type { SubjectAltName } from "../../../protocols/facts/peer_certificate.ts";
import { nodeModule } from "../../core/node_module.ts";
import type { TlsCertificate } from "../tls_certificate.ts";
import type { ResolvedTlsOptions } from "../tls_options.ts";
import { checkPair } from "./material.ts";
import { readPem } from "./pem.ts";
import { isFor, tryToReadCertificate } from "./server_identity.ts";

/**
 * The ciphers of a context, unchanged, and that the engine does not look at the strength of its
 * key: it would read the key anew for each connection, which is a quarter of the CPU time of a
 * handshake. The key was checked when it was given.
 */
export const UNCHECKED_KEYS = "DEFAULT:@SECLEVEL=0";

/** The names of certificates, as long as these are in use. */
const names = new WeakMap<TlsCertificate, readonly SubjectAltName[]>();

/**
 * The certificate that a server shows to a client that asks for `serverName`; `null` if it has
 * none.
 *
 * @throws {TypeError} If `sniCallback` answers with something else than a usable certificate.
 */
export async function chooseCertificate(
  options: ResolvedTlsOptions,
  serverName: string | null,
): Promise<TlsCertificate | null> {
  const answer: unknown = await options.sniCallback?.(serverName);
  return answer === undefined || answer === null
    ? fromList(options, serverName)
    : checkAnswer(answer);
}

/** The certificate for a client that asks for no name. */
export function defaultCertificate(options: ResolvedTlsOptions): TlsCertificate | null {
  const { cert, key, certificates } = options;
  return cert !== undefined && key !== undefined ? { cert, key } : certificates?.[0] ?? null;
}

/** A certificate and the versions to speak, as the engine wants them. */
export function contextOf(
  certificate: TlsCertificate,
  { caCerts, minVersion, maxVersion }: ResolvedTlsOptions,
): SecureContext {
  return nodeModule("node:tls").createSecureContext({
    cert: certificate.cert,
    key: certificate.key,
    minVersion: minVersion ?? "TLSv1.2",
    maxVersion: maxVersion ?? "TLSv1.3",
    ciphers: UNCHECKED_KEYS,
    ...(caCerts && { ca: [...caCerts] }),
  });
}

function checkAnswer(answer: unknown): TlsCertificate {
  if (typeof answer === "object" && answer !== null && "cert" in answer && "key" in answer) {
    const { cert, key } = answer;
    if (typeof cert === "string" && typeof key === "string") {
      const certificate = { cert, key };
      checkPair(certificate, "the answer of sniCallback");
      return certificate;
    }
  }
  throw new TypeError(
    "Cannot use TLS: sniCallback answered with something else than { cert, key } or null",
  );
}

function fromList(options: ResolvedTlsOptions, serverName: string | null): TlsCertificate | null {
  const { certificates = [] } = options;
  const named = serverName === null
    ? undefined
    : certificates.find((certificate) => isFor(namesOf(certificate), serverName));
  return named ?? defaultCertificate(options);
}

function namesOf(certificate: TlsCertificate): readonly SubjectAltName[] {
  const known = names.get(certificate);
  if (known !== undefined) return known;
  const found = readNamesOf(certificate);
  names.set(certificate, found);
  return found;
}

function readNamesOf({ cert }: TlsCertificate): readonly SubjectAltName[] {
  const own = readPem(cert).find(({ label }) => label === "CERTIFICATE");
  return own === undefined ? [] : tryToReadCertificate(own.bytes)?.names ?? [];
}
