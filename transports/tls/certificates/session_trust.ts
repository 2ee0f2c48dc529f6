import type { TLSSocket } from "node:tls";
import type { ResolvedTlsOptions } from "../tls_options.ts";
import { type PeerChain, readPeerChain } from "./peer_chain.ts";

/** What a certificate is worth: `null` if it verifies, else a code that says why it does not. */
export type Verdict = string | null;

/** The code for a client that showed no certificate. */
export const NO_CERTIFICATE = "UNABLE_TO_GET_ISSUER_CERT";
/** The code for a session in which another server looked at the client's certificate. */
const FOREIGN_SESSION = "SESSION_NOT_VERIFIED_HERE";

/** How many sets of authorities are remembered, and how many certificates of each. */
const MAX_SETS = 256;
const MAX_CERTIFICATES = 65_536;

/**
 * What each set of authorities said about the certificates of clients, by their hash.
 *
 * Deno keeps the sessions of all servers of a process in one store, and does not look again at the
 * certificate of a session that is resumed. So a resumed session counts only if its certificate went
 * through a full handshake under the same authorities. The sets are told apart by their content,
 * since each `startTls()` has options of its own.
 */
const verdicts = new Map<string, Map<string, Verdict>>();

/**
 * Judges the client of a handshake that has just ended.
 *
 * @throws {DerError} If its certificate is of a form that proves nothing.
 */
export function judgeClient(socket: TLSSocket, options: ResolvedTlsOptions): Verdict {
  const { requestCert, caCerts = [] } = options;
  if (!requestCert) return null;
  const chain = readPeerChain(socket, caCerts);
  if (chain === null) return NO_CERTIFICATE;
  const known = verdictsOf(caCerts);
  if (!socket.isSessionReused()) {
    const verdict = socket.authorized ? null : String(socket.authorizationError);
    remember(known, chain.fingerprint, verdict, MAX_CERTIFICATES);
  }
  const verdict = known.get(chain.fingerprint);
  // The certificate may have expired since the session began.
  return verdict === undefined ? FOREIGN_SESSION : verdict ?? judgeTime(chain);
}

/** Whether a chain is valid now. */
export function judgeTime({ own, validUntil }: PeerChain): Verdict {
  const now = Date.now();
  if (validUntil < now) return "CERT_HAS_EXPIRED";
  return own.validFrom > now ? "CERT_NOT_YET_VALID" : null;
}

function verdictsOf(caCerts: readonly string[]): Map<string, Verdict> {
  const key = caCerts.join("\n");
  return remember(verdicts, key, verdicts.get(key) ?? new Map<string, Verdict>(), MAX_SETS);
}

/** Sets an entry as the newest, and drops the oldest if there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V, max: number): V {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.size > max ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
  return value;
}
