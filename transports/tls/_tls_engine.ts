import { isIP } from "node:net";
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type TlsOptions as NodeServerOptions,
  type TLSSocket,
} from "node:tls";
import { toError } from "../core/error_report.ts";
import { chooseCertificate, contextOf, defaultCertificate } from "./_certificate_choice.ts";
import { judgeClient, NO_CERTIFICATE, type Verdict } from "./_session_trust.ts";
import type { TlsDuplex } from "./_tls_duplex.ts";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/** What becomes of a handshake: one of the two, once. */
export interface HandshakeEvents {
  /** It is complete; `verdict` says why the peer is not authorised, if it may come in all the same. */
  onSecure(socket: TLSSocket, verdict: Verdict): void;
  /** It failed. */
  onHandshakeError(error: Error): void;
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
  const { serverName, alpnProtocols } = options;
  const socket = connect({
    socket: duplex,
    rejectUnauthorized: options.rejectUnauthorized,
    secureContext: clientContext(options),
    // Not an option of the types: whose name is checked where no server name can be sent (RFC 6066).
    ...{ host: serverName },
    ...(serverName !== undefined && isIP(serverName) === 0 && { servername: serverName }),
    ...(alpnProtocols && { ALPNProtocols: [...alpnProtocols] }),
  });
  const fail = (error: Error) => events.onHandshakeError(error);
  socket.on("error", fail);
  socket.once("secureConnect", () => {
    socket.off("error", fail);
    const { authorizationError } = socket;
    events.onSecure(socket, authorizationError ? String(authorizationError) : null);
  });
}

/** As Node's, whose types leave it open. */
interface TrustStore {
  addCACert(pem: string): void;
}

/**
 * Authorities are added to the context: given as the option `ca` they would take the place of those that everybody trusts,
 * and to give those again takes `--allow-sys` and 40 ms of CPU time a connection.
 */
function clientContext(options: ResolvedTlsOptions): SecureContext {
  const { cert, key, caCerts = [] } = options;
  const context = createSecureContext({
    minVersion: options.minVersion ?? "TLSv1.2",
    maxVersion: options.maxVersion ?? "TLSv1.3",
    ...(cert !== undefined && key !== undefined && { cert, key }),
  });
  // Declared as any: this is what stands there.
  const store = context.context as TrustStore;
  for (const pem of caCerts) store.addCACert(pem);
  return context;
}

/**
 * One server for each connection, which never listens: only a server checks the certificates of clients and
 * survives garbage, and with one that is shared nobody could tell whose connection failed.
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
    ...certificate,
    ...(caCerts && { ca: [...caCerts] }),
    ...(alpnProtocols && { ALPNProtocols: [...alpnProtocols] }),
    ...(choosesLater && { SNICallback: answerSni(duplex, options) }),
  };
  const server = createServer(serverOptions);
  server.once("secureConnection", (socket) => {
    const verdict = judgeClient(socket, options);
    if (verdict === null || !options.rejectUnauthorized) return events.onSecure(socket, verdict);
    events.onHandshakeError(refusalOf(verdict));
    socket.destroy();
  });
  server.on("tlsClientError", (error, socket) => {
    // Of a certificate that does not verify only the socket tells.
    const refusal = socket.authorizationError as unknown;
    events.onHandshakeError(refusal ? new Error(String(refusal), { cause: error }) : error);
  });
  server.emit("connection", duplex);
}

/** Why a client is refused whose handshake is complete: a session that it resumed proves nothing here. */
function refusalOf(verdict: string): Error {
  const what = verdict === NO_CERTIFICATE
    ? "peer did not return a certificate"
    : "its certificate was not verified by this server";
  return Object.assign(new Error(what), { code: verdict });
}

type SniAnswer = (error: Error | null, context?: SecureContext) => void;

function answerSni(
  duplex: TlsDuplex,
  options: ResolvedTlsOptions,
): (serverName: string, answer: SniAnswer) => void {
  return (serverName, answer) => {
    chooseCertificate(options, serverName === "" ? null : serverName).then(
      (certificate) => {
        if (certificate === null) answer(new Error(`No certificate for "${serverName}"`));
        else answer(null, contextOf(certificate, options));
        // The engine makes its answer now and does not look whether there is one to send.
        duplex.poke();
      },
    ).catch((thrown) => answer(toError(thrown)));
  };
}
