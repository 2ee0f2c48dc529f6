import type { Transport } from "../../protocols/contract.ts";
import {
  HandshakeTimeoutError,
  PlaintextInjectionError,
  ShutdownTimeoutError,
  type TlsFailure,
  TlsHandshakeError,
  TlsProtocolError,
  TruncationError,
} from "../../protocols/errors.ts";
import { formatAddress } from "../core/addresses.ts";

/**
 * What each kind of failure looks like in the codes of node:tls and in the texts of both engines.
 */
const SIGNS: readonly (readonly [TlsFailure, RegExp])[] = [
  ["name", /ALTNAME_INVALID|not valid for (any )?name|NotValidForName/],
  ["expired", /EXPIRED|NOT_YET_VALID|NotValidYet|not valid yet/i],
  [
    "noCertificate",
    /DID_NOT_RETURN_A_CERTIFICATE|did not return a certificate|no certificates|Certificate_?Required|CERTIFICATE_REQUIRED/,
  ],
  ["protocol", /NO_APPLICATION_PROTOCOL|NoApplicationProtocol|any known protocol/],
  [
    "version",
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|ProtocolVersion|incompatible: (\w*Tls1|SignatureAlgorithmsExt)/,
  ],
  ["cipher", /incompatible: No\w*InCommon|no suitable signature algorithm/],
  ["ended", /UnexpectedEof|ECONNRESET|ConnectionReset|unexpected end of file/],
  ["notTls", /WRONG_VERSION_NUMBER|corrupt message|InappropriateMessage/],
  [
    "untrusted",
    /UNABLE_TO_|SELF_SIGNED|invalid peer certificate|Unknown_?(Issuer|CA)|UNKNOWN_CA|BadCertificate|BAD_CERTIFICATE|CERT_|SESSION_NOT_VERIFIED/i,
  ],
];

/** The kind of failure that an engine's error means. */
function classifyTlsFailure(error: unknown): TlsFailure {
  if (!(error instanceof Error)) return "other";
  const code = "code" in error ? String(error.code) : "";
  const text = `${code} ${error.name} ${error.message}`;
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? "other";
}

/** Both ends of a connection, as text. */
interface TlsEnds {
  readonly peer: string;
  readonly local: string;
}

/** The ends of the connection that a transport is on. */
export function endsOf(transport: Transport): TlsEnds {
  const name = (key: "peername" | "sockname", unknown: string) => {
    const address = transport.getExtraInfo(key);
    return address === null ? unknown : formatAddress(address);
  };
  return { peer: name("peername", "the peer"), local: name("sockname", "this end") };
}

/** An engine's error of the handshake over `transport`, as an error of ours. */
export function handshakeError(error: Error, transport: Transport): TlsHandshakeError {
  const { peer, local } = endsOf(transport);
  const reason = classifyTlsFailure(error);
  return new TlsHandshakeError(reason, peer, local, error.message, { cause: error });
}

/** The connection under a handshake ended, in good order or with an error. */
export function endedHandshake(
  transport: Transport,
  cause: Error | null = null,
): TlsHandshakeError {
  const { peer, local } = endsOf(transport);
  const what = "the connection ended in the middle of it";
  const reason: TlsFailure = "ended";
  return new TlsHandshakeError(reason, peer, local, what, cause === null ? {} : { cause });
}

/** An engine's error after the handshake between two ends, as an error of ours. */
export function protocolError(error: Error, { peer, local }: TlsEnds): TlsProtocolError {
  const reason = classifyTlsFailure(error);
  return new TlsProtocolError(reason, peer, local, error.message, { cause: error });
}

/** The handshake over `transport` took too long. */
export function handshakeTimeoutError(
  transport: Transport,
  timeoutMs: number,
): HandshakeTimeoutError {
  const { peer, local } = endsOf(transport);
  return new HandshakeTimeoutError(peer, local, timeoutMs);
}

/** So many bytes had come over `transport` before TLS began. */
export function injectionError(transport: Transport, length: number): PlaintextInjectionError {
  const { peer, local } = endsOf(transport);
  return new PlaintextInjectionError(peer, local, length);
}

/** The data over `transport` ended without close_notify. */
export function truncationError(transport: Transport): TruncationError {
  const { peer, local } = endsOf(transport);
  return new TruncationError(peer, local);
}

/** The rest that is queued in `transport` was not sent in time. */
export function shutdownTimeoutError(
  transport: Transport,
  timeoutMs: number,
): ShutdownTimeoutError {
  const { peer, local } = endsOf(transport);
  return new ShutdownTimeoutError(peer, local, timeoutMs, transport.getWriteBufferSize());
}
