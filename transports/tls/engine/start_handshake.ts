import type { SecureContext, TlsOptions as NodeServerOptions, TLSSocket } from "node:tls";
import { toError } from "../../core/error_report.ts";
import {
  chooseCertificate,
  contextOf,
  defaultCertificate,
  UNCHECKED_KEYS,
} from "../certificates/certificate_choice.ts";
import { readPeerChain } from "../certificates/peer_chain.ts";
import { ipOf, isFor } from "../certificates/server_identity.ts";
import {
  judgeClient,
  judgeTime,
  NO_CERTIFICATE,
  type Verdict,
} from "../certificates/session_trust.ts";
import type { ResolvedTlsOptions } from "../tls_options.ts";
import { nodeModule } from "../../core/node_module.ts";
import type { TlsDuplex } from "./tls_duplex.ts";

/** The outcome of a handshake: one of the two, once. */
interface HandshakeEvents {
  /**
   * It is complete; `verdict` says why the peer is not authorised, if it may come in all the same.
   */
  onSecure(socket: TLSSocket, verdict: Verdict): void;
  /** It failed; `alert` is the alert to send for it, where the engine sends none. */
  onHandshakeError(error: Error, alert?: number): void;
}

/** Begins the handshake over `duplex`. Nothing may have been pushed into that before. */
export function startHandshake(
  duplex: TlsDuplex,
  options: ResolvedTlsOptions,
  events: HandshakeEvents,
): void {
  if (options.serverSide) serve(duplex, options, events);
  else connectOver(duplex, options, events);
}

function connectOver(
  duplex: TlsDuplex,
  options: ResolvedTlsOptions,
  events: HandshakeEvents,
): void {
  const { serverName = "", alpnProtocols } = options;
  const socket = nodeModule("node:tls").connect({
    socket: duplex.stream,
    secureContext: clientContext(options),
    // Both are decided below. If the engine refuses a certificate by itself, it does not show it,
    // and calls one that has expired merely unverified.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // Not an option of the types. Without it, node:tls takes the server for localhost.
    ...{ host: serverName },
    // No server name can be sent that is an address (RFC 6066).
    ...(serverName !== "" && ipOf(serverName) === null && { servername: serverName }),
    ...(alpnProtocols && { ALPNProtocols: [...alpnProtocols] }),
  });
  const fail = (error: Error) => events.onHandshakeError(error);
  socket.on("error", fail);
  socket.once("secureConnect", () => {
    socket.off("error", fail);
    decide(socket, options, events, () => judgeServer(socket, options));
  });
}

/**
 * A session is never resumed: each connection has a trust store of its own, see {@linkcode
 * clientContext}.
 */
function judgeServer(socket: TLSSocket, { caCerts, serverName = "" }: ResolvedTlsOptions): Verdict {
  const chain = readPeerChain(socket, caCerts);
  if (chain === null || socket.isSessionReused()) return NO_CERTIFICATE;
  const { authorizationError } = socket;
  if (authorizationError) return judgeTime(chain) ?? String(authorizationError);
  return isFor(chain.own.names, serverName) ? judgeTime(chain) : WRONG_NAME;
}

/** As Node's, whose types leave it open. */
interface TrustStore {
  addCACert(pem: string): void;
}

/**
 * Authorities are added to the context. Given as the option `ca` they would replace those that Deno
 * trusts by default, and to give these again takes `--allow-sys` and 40 ms of CPU time a
 * connection.
 */
function clientContext(options: ResolvedTlsOptions): SecureContext {
  const { cert, key, caCerts = [] } = options;
  const context = nodeModule("node:tls").createSecureContext({
    minVersion: options.minVersion ?? "TLSv1.2",
    maxVersion: options.maxVersion ?? "TLSv1.3",
    ciphers: UNCHECKED_KEYS,
    ...(cert !== undefined && key !== undefined && { cert, key }),
  });
  // Declared as any: this is its type.
  const store = context.context as TrustStore;
  // An empty one makes the store differ from the one that all connections share. That would resume
  // sessions, whose certificates are not looked at again.
  for (const pem of ["", ...caCerts]) store.addCACert(pem);
  return context;
}

/**
 * One server for each connection, which never listens: only a server checks the certificates of
 * clients and survives garbage, and a shared one does not tell whose connection failed.
 */
function serve(duplex: TlsDuplex, options: ResolvedTlsOptions, events: HandshakeEvents): void {
  const certificate = defaultCertificate(options);
  const { sniCallback, certificates, caCerts, alpnProtocols } = options;
  const choosesLater = sniCallback !== undefined || (certificates?.length ?? 0) > 1;
  const serverOptions: NodeServerOptions = {
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: options.rejectUnauthorized,
    minVersion: options.minVersion ?? "TLSv1.2",
    maxVersion: options.maxVersion ?? "TLSv1.3",
    // Below zero the engine sets no timer of its own: there is one already.
    handshakeTimeout: -1,
    ciphers: UNCHECKED_KEYS,
    ...certificate,
    ...(caCerts && { ca: [...caCerts] }),
    ...(alpnProtocols && { ALPNProtocols: [...alpnProtocols] }),
    ...(choosesLater && { SNICallback: answerSni(duplex, options, events) }),
  };
  const server = nodeModule("node:tls").createServer(serverOptions);
  server.once("secureConnection", (socket) => {
    decide(socket, options, events, () => judgeClient(socket, options));
  });
  server.on("tlsClientError", (error, socket) => {
    // Of a certificate that does not verify only the socket tells.
    const refusal = socket.authorizationError as unknown;
    events.onHandshakeError(refusal ? new Error(String(refusal), { cause: error }) : error);
  });
  server.emit("connection", duplex.stream);
}

/** Lets the peer in, or refuses it, after the engine's part of the handshake. */
function decide(
  socket: TLSSocket,
  options: ResolvedTlsOptions,
  events: HandshakeEvents,
  judge: () => Verdict,
): void {
  let refusal: Error & { readonly code: string };
  try {
    const verdict = judge();
    if (verdict === null || !options.rejectUnauthorized) return events.onSecure(socket, verdict);
    const { serverName = "the server" } = options;
    const why = (REFUSALS[verdict] ?? verdict).replace("SERVER", serverName);
    refusal = Object.assign(new Error(why), { code: verdict });
  } catch (thrown) {
    // A certificate that proves nothing, whether it has to verify or not.
    refusal = Object.assign(toError(thrown), { code: "CERT_MALFORMED" });
  }
  // The engine may still fail, which is not reported.
  socket.on("error", () => {});
  events.onHandshakeError(refusal, alertFor(socket, options, refusal.code));
  socket.destroy();
}

/**
 * The alert for a peer that is refused (RFC 8446, 6.2). It can only be sent in the clear: by a
 * client before its last message in TLS 1.3, by a server before its own in TLS 1.2.
 */
function alertFor(
  socket: TLSSocket,
  { serverSide }: ResolvedTlsOptions,
  code: string,
): number | undefined {
  if (socket.getProtocol() !== (serverSide ? "TLSv1.2" : "TLSv1.3")) return undefined;
  return ALERTS[code] ?? UNKNOWN_CA;
}

const WRONG_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

const UNKNOWN_CA = 48;
const ALERTS: Readonly<Record<string, number>> = {
  [WRONG_NAME]: 42,
  CERT_MALFORMED: 42,
  CERT_HAS_EXPIRED: 45,
  CERT_NOT_YET_VALID: 45,
  [NO_CERTIFICATE]: 40,
};

/** Why a peer is refused, in words. */
const REFUSALS: Readonly<Record<string, string>> = {
  [NO_CERTIFICATE]: "peer did not return a certificate",
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  [WRONG_NAME]: "certificate is not valid for SERVER",
  SESSION_NOT_VERIFIED_HERE: "its certificate was not verified by this server",
};

type SniAnswer = (error: Error | null, context?: SecureContext) => void;

function answerSni(
  duplex: TlsDuplex,
  options: ResolvedTlsOptions,
  events: HandshakeEvents,
): (serverName: string, answer: SniAnswer) => void {
  return async (serverName, answer) => {
    try {
      const certificate = await chooseCertificate(options, serverName === "" ? null : serverName);
      if (certificate === null) throw new Error(`No certificate for "${serverName}"`);
      answer(null, contextOf(certificate, options));
      // The engine makes its answer now and does not look whether there is one to send.
      duplex.poke();
    } catch (thrown) {
      const error = toError(thrown);
      events.onHandshakeError(error);
      answer(error);
    }
  };
}
