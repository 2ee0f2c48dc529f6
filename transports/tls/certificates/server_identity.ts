import type { SubjectAltName } from "../../../protocols/facts/peer_certificate.ts";
import { BoundedMap } from "./bounded_map.ts";
import { type CertificateForm, readCertificate, shortIp } from "./certificate_form.ts";
import { tryToRead } from "./der.ts";
import { readPem } from "./pem.ts";

/** A label of a host name, and the length of a name, as RFC 1123 and both engines want them. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const MAX_LENGTH = 253;

/**
 * Whether a certificate with these names is for a server, by the rules of the native engine (RFC
 * 9525, without what that leaves open): only the alternative names count, a wildcard is the whole
 * first label of a name with at least two more, and addresses match addresses.
 *
 * @param names The alternative names of the certificate.
 * @param serverName The name or IP address that the client expects.
 */
export function isFor(names: readonly SubjectAltName[], serverName: string): boolean {
  const address = ipOf(serverName);
  if (address !== null) {
    return names.some(({ type, value }) => type === "ip" && value === address);
  }
  const wanted = serverName.toLowerCase().replace(/\.$/, "");
  return names.some(({ type, value }) => type === "dns" && matches(value.toLowerCase(), wanted));
}

/**
 * Whether a client trusts the very certificate of its server, which is marked as an authority: what
 * `openssl req -x509` makes.
 */
export function trustsServerItself(
  { caCerts = [], serverName }: {
    readonly caCerts?: readonly string[];
    readonly serverName?: string;
  },
): boolean {
  if (serverName === undefined) return false;
  return caCerts.some((pem) =>
    authoritiesIn(pem).some(({ isAuthority, names }) => isAuthority && isFor(names, serverName))
  );
}

const MAX_AUTHORITIES = 256;
/**
 * The fields of the certificates of authorities, by their PEM text: a client is given the same ones
 * for each connection.
 */
const authorities = new BoundedMap<readonly CertificateForm[]>(MAX_AUTHORITIES);

function authoritiesIn(pem: string): readonly CertificateForm[] {
  const known = authorities.get(pem);
  if (known !== undefined) return known;
  const blocks = readPem(pem).filter(({ label }) => label === "CERTIFICATE");
  const forms = blocks.map(({ bytes }) => tryToReadCertificate(bytes))
    .filter((form) => form !== null);
  return authorities.set(pem, forms);
}

/** Reads a certificate; `null` if it is of version 1, as authorities may be, or malformed. */
export function tryToReadCertificate(bytes: Uint8Array): CertificateForm | null {
  return tryToRead(() => readCertificate(bytes));
}

function matches(pattern: string, wanted: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === wanted;
  const parent = pattern.slice(1);
  const dot = wanted.indexOf(".");
  return dot > 0 && parent.lastIndexOf(".") > 0 && wanted.slice(dot) === parent;
}

/** An IP address in its usual form, without brackets and zone; `null` for any other text. */
export function ipOf(host: string): string | null {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(bare)) {
    const isAddress = bare.split(".").every((part) =>
      /^(0|[1-9]\d{0,2})$/.test(part) && +part < 256
    );
    return isAddress ? bare : null;
  }
  if (!bare.includes(":")) return null;
  try {
    return shortIp(bare.replace(/%.*$/, ""));
  } catch {
    return null;
  }
}

/**
 * Checks the name that a server's certificate has to bear.
 *
 * @param name A host name or an IP address; as the hostname of an endpoint, that may be in
 * brackets.
 * @param option The option that it comes from.
 * @returns The name as both engines take it.
 * @throws {TypeError} If it is neither.
 */
export function checkServerName(name: string, option: string): string {
  const address = ipOf(name);
  if (address !== null) {
    if (option === "hostname" || !name.startsWith("[")) return address;
    throw new TypeError(
      `Cannot use TLS: ${option} ${JSON.stringify(name)} is in brackets; write "${address}"`,
    );
  }
  const labels = name.replace(/\.$/, "").split(".");
  const isName = name.length <= MAX_LENGTH && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
  if (isName) return name;
  const remedy = suggest(name);
  throw new TypeError(
    `Cannot use TLS: ${option} ${
      JSON.stringify(name)
    } is neither a host name nor an IP address${remedy}`,
  );
}

/** The form of a name with other letters that goes over the wire. */
function suggest(name: string): string {
  const url = URL.parse(`https://${name}/`);
  const isOther = url !== null && url.hostname !== name && url.hostname.startsWith("xn--");
  return isOther ? `; write "${url.hostname}"` : "";
}
