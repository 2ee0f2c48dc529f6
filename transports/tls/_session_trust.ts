import type { PeerCertificate, TLSSocket } from "node:tls";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/** What a server thinks of its client: `null` if it may come in, else a code that says why not. */
export type Verdict = string | null;

/** The code for a client that showed no certificate. */
export const NO_CERTIFICATE = "UNABLE_TO_GET_ISSUER_CERT";
/** The code for a session in which another server looked at the client's certificate. */
export const FOREIGN_SESSION = "SESSION_NOT_VERIFIED_HERE";
/** The code for a certificate whose time is over. */
export const EXPIRED = "CERT_HAS_EXPIRED";

/** How many sets of authorities are remembered, and how many certificates of each. */
const MAX_SETS = 256;
const MAX_CERTIFICATES = 65_536;

/** What was found out about a certificate. */
interface Finding {
  readonly verdict: Verdict;
  /** When the first certificate of its chain expires, in milliseconds since the epoch. */
  readonly validUntil: number;
}

/**
 * What each set of authorities said about the certificates of clients.
 *
 * Deno keeps the sessions of all servers of a process in one store, and a session that is resumed
 * brings a certificate that is not looked at again. So a resumed session counts only if its
 * certificate went through a full handshake under the same authorities. The sets are told apart by
 * their content, since each `startTls()` has options of its own.
 */
const findings = new Map<string, Map<string, Finding>>();

/** What the server whose handshake has just ended is to think of the client. */
export function judgeClient(socket: TLSSocket, options: ResolvedTlsOptions): Verdict {
  if (!options.requestCert) return null;
  const certificate = socket.getPeerCertificate(true) as PeerCertificateChain | null;
  if (!certificate?.raw) return NO_CERTIFICATE;
  const known = findingsOf(options.caCerts ?? []);
  const { fingerprint256 } = certificate;
  if (!socket.isSessionReused()) {
    const verdict = socket.authorized ? null : String(socket.authorizationError);
    remember(
      known,
      fingerprint256,
      { verdict, validUntil: earliestEnd(certificate) },
      MAX_CERTIFICATES,
    );
  }
  const finding = known.get(fingerprint256);
  if (finding === undefined) return FOREIGN_SESSION;
  return finding.validUntil < Date.now() ? finding.verdict ?? EXPIRED : finding.verdict;
}

/** As Node's; the last certificate is its own issuer, or has none. */
interface PeerCertificateChain extends PeerCertificate {
  readonly issuerCertificate?: PeerCertificateChain;
}

function findingsOf(caCerts: readonly string[]): Map<string, Finding> {
  const key = caCerts.join("\n");
  return remember(findings, key, findings.get(key) ?? new Map(), MAX_SETS);
}

/** Sets an entry as the newest, and drops the oldest if there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V, max: number): V {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.size > max ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
  return value;
}

function earliestEnd(certificate: PeerCertificateChain): number {
  let end = Infinity;
  const seen = new Set<PeerCertificateChain>();
  for (
    let next: PeerCertificateChain | undefined = certificate;
    next?.raw && !seen.has(next);
    next = next.issuerCertificate
  ) {
    seen.add(next);
    end = Math.min(end, Date.parse(next.valid_to));
  }
  return end;
}
