import type { Transport } from "../../protocols/contract.ts";
import {
  type TlsEnds,
  type TlsFailure,
  TlsHandshakeError,
  TlsProtocolError,
} from "../../protocols/errors.ts";
import { formatAddress } from "../core/addresses.ts";

/**
 * The marks of each kind of failure in the codes of node:tls and in the texts of both engines.
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
  const reason = classifyTlsFailure(error);
  return new TlsHandshakeError(reason, endsOf(transport), error.message, { cause: error });
}

/** An engine's error after the handshake between two ends, as an error of ours. */
export function protocolError(error: Error, ends: TlsEnds): TlsProtocolError {
  return new TlsProtocolError(classifyTlsFailure(error), ends, error.message, { cause: error });
}
