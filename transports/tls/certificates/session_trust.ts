import type { TLSSocket } from "node:tls";
import type { ResolvedTlsOptions } from "../tls_options.ts";
import { BoundedMap } from "./bounded_map.ts";
import { type PeerChain, readPeerChain } from "./peer_chain.ts";

/** The verdict on a certificate: `null` if it verifies, else a code that says why it does not. */
export type Verdict = string | null;

/** The code for a client that showed no certificate. */
export const NO_CERTIFICATE = "UNABLE_TO_GET_ISSUER_CERT";
/** The code for a session in which another server looked at the client's certificate. */
const FOREIGN_SESSION = "SESSION_NOT_VERIFIED_HERE";

/** How many sets of authorities are remembered. */
const MAX_SETS = 256;
/**
 * How many certificates that verify are remembered of each set; only its authorities make new ones.
 */
const MAX_TRUSTED = 65_536;
/** How many others: every client can make as many as it likes. */
const MAX_OTHERS = 1024;

/** The verdicts of a set of authorities on certificates, by their hash. */
interface Judged {
  readonly trusted: BoundedMap<true>;
  readonly others: BoundedMap<string>;
}

/**
 * The verdicts of each set of authorities on the certificates of clients.
 *
 * Deno keeps the sessions of all servers of a process in one store, and does not look again at the
 * certificate of a session that is resumed. So a resumed session counts only if its certificate
 * went through a full handshake under the same authorities. The sets are told apart by their
 * content, since each `startTls()` has options of its own.
 */
const verdicts = new BoundedMap<Judged>(MAX_SETS);

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
  const { trusted, others } = judgedBy(caCerts);
  const { fingerprint } = chain;
  if (socket.isSessionReused()) {
    // The certificate may have expired since the session began.
    if (trusted.get(fingerprint)) return judgeTime(chain);
    return others.get(fingerprint) ?? FOREIGN_SESSION;
  }
  if (!socket.authorized) return others.set(fingerprint, String(socket.authorizationError));
  trusted.set(fingerprint, true);
  return judgeTime(chain);
}

/** Whether a chain is valid now. */
export function judgeTime({ own, validUntil }: PeerChain): Verdict {
  const now = Date.now();
  if (validUntil < now) return "CERT_HAS_EXPIRED";
  return own.validFrom > now ? "CERT_NOT_YET_VALID" : null;
}

function judgedBy(caCerts: readonly string[]): Judged {
  const key = caCerts.join("\n");
  return verdicts.set(
    key,
    verdicts.get(key) ??
      { trusted: new BoundedMap(MAX_TRUSTED), others: new BoundedMap(MAX_OTHERS) },
  );
}
