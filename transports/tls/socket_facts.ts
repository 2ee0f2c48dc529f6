import type { PeerCertificate as NodeCertificate, TLSSocket } from "node:tls";
import type { PeerCertificate, TlsCipher } from "../../protocols/facts/peer_certificate.ts";
import { readCertificate } from "./certificates/certificate_form.ts";
import type { Verdict } from "./certificates/session_trust.ts";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/** The facts that a socket of node:tls has after its handshake, by the names of extra info. */
export function socketFacts(socket: TLSSocket): Map<string, unknown> {
  return new Map<string, unknown>()
    .set("sslObject", socket)
    .set("tlsVersion", socket.getProtocol() ?? undefined)
    .set("alpnProtocol", socket.alpnProtocol || undefined)
    .set("cipher", cipherOf(socket))
    .set("peercert", describeCertificate(socket.getPeerCertificate(false)));
}

function cipherOf(socket: TLSSocket): TlsCipher | undefined {
  // Absent once the socket is destroyed, though the types say otherwise.
  const cipher = socket.getCipher() as ReturnType<TLSSocket["getCipher"]> | null;
  if (cipher === null) return undefined;
  return { name: cipher.name, standardName: cipher.standardName, version: cipher.version };
}

function describeCertificate(certificate: NodeCertificate | null): PeerCertificate | undefined {
  if (!certificate?.raw) return undefined;
  return {
    subject: { ...certificate.subject },
    issuer: { ...certificate.issuer },
    subjectAltName: readCertificate(certificate.raw).names,
    validFrom: new Date(certificate.valid_from),
    validTo: new Date(certificate.valid_to),
    serialNumber: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256,
    raw: new Uint8Array(certificate.raw),
  };
}

/** The facts of a TLS connection after the handshake: its extra info. */
export function tlsFacts(
  socket: TLSSocket,
  options: ResolvedTlsOptions,
  verdict: Verdict,
): ReadonlyMap<string, unknown> {
  return socketFacts(socket)
    .set("tlsEngine", "layer")
    .set("authorized", verdict === null)
    .set("authorizationError", verdict ?? undefined)
    .set("serverName", serverNameOf(socket, options));
}

function serverNameOf(socket: TLSSocket, options: ResolvedTlsOptions): string | undefined {
  if (!options.serverSide) return options.serverName;
  // Missing from the types, as it is on a server only.
  return (socket as TLSSocket & { servername?: string | null }).servername || undefined;
}
