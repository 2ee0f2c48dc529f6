import { isIP } from "node:net";
import {
  connect,
  createServer,
  rootCertificates,
  type SecureContext,
  type TlsOptions as NodeServerOptions,
  type TLSSocket,
} from "node:tls";
import { toError } from "../error_report.ts";
import { chooseCertificate, contextOf, defaultCertificate } from "./certificate_choice.ts";
import type { TlsDuplex } from "./tls_duplex.ts";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/** What becomes of a handshake: one of the two, once. */
export interface HandshakeEvents {
  /** It is complete. */
  onSecure(socket: TLSSocket): void;
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
  const { serverName, cert, key, caCerts, alpnProtocols } = options;
  const socket = connect({
    socket: duplex,
    rejectUnauthorized: options.rejectUnauthorized,
    minVersion: options.minVersion ?? "TLSv1.2",
    maxVersion: options.maxVersion ?? "TLSv1.3",
    // Not an option of the types: whose name is checked where no server name can be sent (RFC 6066).
    ...{ host: serverName },
    ...(serverName !== undefined && isIP(serverName) === 0 && { servername: serverName }),
    ...(caCerts && { ca: [...systemAuthorities(), ...caCerts] }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(alpnProtocols && { ALPNProtocols: [...alpnProtocols] }),
  });
  const fail = (error: Error) => events.onHandshakeError(error);
  socket.on("error", fail);
  socket.once("secureConnect", () => {
    socket.off("error", fail);
    events.onSecure(socket);
  });
}

/**
 * Node takes the authorities it is given in the place of the system's, Deno besides them. To look the system's up
 * takes `--allow-sys`, which nobody should be asked for: without it those that are given stand alone.
 */
function systemAuthorities(): readonly string[] {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "ca" });
  return state === "granted" ? rootCertificates : [];
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
  server.once("secureConnection", (socket) => events.onSecure(socket));
  server.on("tlsClientError", (error, socket) => {
    // Of a certificate that does not verify only the socket tells.
    const refusal = socket.authorizationError as unknown;
    events.onHandshakeError(refusal ? new Error(String(refusal), { cause: error }) : error);
  });
  server.emit("connection", duplex);
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
