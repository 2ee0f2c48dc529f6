import type { Address } from "../../../protocols/facts/address.ts";
import type { ProxySsl, ProxyTlv, ProxyTlvs } from "../../../protocols/facts/proxy_header.ts";
import { type Bytes, copyOf, joinBytes } from "../../../protocols/bytes.ts";
import { crc32c } from "../capture/crc32c.ts";
import { formatIp, type IpEnd, parseIpv4, parseIpv6 } from "../../core/ip_address.ts";
import {
  CLIENT,
  FAMILY,
  LONGEST_UNIQUE_ID,
  SIGNATURE,
  TLV,
  UNIX_PATH_LENGTH,
} from "./_proxy_wire.ts";

const encoder = new TextEncoder();

/** The contents of a header; a checksum of any value means the right one. */
interface ProxyHeaderContents {
  readonly command: "proxy" | "local";
  readonly source: Address | null;
  readonly destination: Address | null;
  readonly tlvs: Omit<ProxyTlvs, "crc32c">;
  readonly hasChecksum: boolean;
}

/** A header of version 1, which calls other connections than TCP unknown. */
export function formatProxyLine({ source, destination }: ProxyHeaderContents): Bytes {
  const ends = ipEnds(source, destination);
  if (ends === null || ends.kind !== 1) return encoder.encode("PROXY UNKNOWN\r\n");
  const { from, to } = ends;
  const family = from.ip.length === 4 ? "TCP4" : "TCP6";
  return encoder.encode(
    `PROXY ${family} ${formatIp(from.ip)} ${formatIp(to.ip)} ${from.port} ${to.port}\r\n`,
  );
}

/**
 * A header of version 2.
 *
 * @throws {RangeError} If a fact, or all of it, is too long.
 */
export function formatProxyHeader(contents: ProxyHeaderContents): Bytes {
  const { command, tlvs, hasChecksum } = contents;
  const { family, block } = command === "local"
    ? { family: 0, block: new Uint8Array(0) }
    : formatEnds(contents);
  const facts = formatTlvs(tlvs);
  // Last, so that its place is known.
  if (hasChecksum) facts.push(formatTlv(TLV.crc32c, new Uint8Array(4)));
  const rest = joinBytes([block, ...facts]);
  if (rest.length > 65_535) {
    throw new RangeError(`Cannot write PROXY header: ${rest.length} bytes of addresses and facts`);
  }
  const head = [...SIGNATURE, command === "local" ? 0x20 : 0x21, family];
  const header = joinBytes([
    Uint8Array.from([...head, rest.length >> 8, rest.length & 255]),
    copyOf(rest),
  ]);
  if (hasChecksum) new DataView(header.buffer).setUint32(header.length - 4, crc32c(header));
  return header;
}

function formatEnds(
  { source, destination }: ProxyHeaderContents,
): { readonly family: number; readonly block: Bytes } {
  const ends = ipEnds(source, destination);
  if (ends !== null) {
    const { from, to, kind } = ends;
    const ports = [from.port >> 8, from.port & 255, to.port >> 8, to.port & 255];
    const family = from.ip.length === 4 ? FAMILY.inet : FAMILY.inet6;
    return { family: family << 4 | kind, block: Uint8Array.from([...from.ip, ...to.ip, ...ports]) };
  }
  if (source === null || destination === null || !("path" in source && "path" in destination)) {
    return { family: 0, block: new Uint8Array(0) };
  }
  const block = new Uint8Array(2 * UNIX_PATH_LENGTH);
  for (const [index, { path }] of [source, destination].entries()) {
    const bytes = encoder.encode(path);
    if (bytes.length > UNIX_PATH_LENGTH) {
      throw new RangeError(`Cannot write PROXY header: path of ${bytes.length} bytes`);
    }
    block.set(bytes, index * UNIX_PATH_LENGTH);
  }
  return { family: FAMILY.unix << 4 | (source.transport === "unix" ? 1 : 2), block };
}

/** Both ends, if they are IP addresses of one version. */
function ipEnds(
  source: Address | null,
  destination: Address | null,
): { readonly from: IpEnd; readonly to: IpEnd; readonly kind: number } | null {
  if (source === null || destination === null) return null;
  if (!("port" in source && "port" in destination)) return null;
  const [from, to] = [source, destination].map(({ hostname }) =>
    parseIpv4(hostname) ?? parseIpv6(hostname)
  );
  if (!from || !to || from.length !== to.length) return null;
  return {
    from: { ip: from, port: source.port },
    to: { ip: to, port: destination.port },
    kind: source.transport === "tcp" ? 1 : 2,
  };
}

function formatTlvs(tlvs: Omit<ProxyTlvs, "crc32c">): Bytes[] {
  const { alpn, authority, uniqueId, ssl, netns, others = [] } = tlvs;
  if (uniqueId !== undefined && uniqueId.length > LONGEST_UNIQUE_ID) {
    throw new RangeError(`Cannot write PROXY header: unique id of ${uniqueId.length} bytes`);
  }
  return present([
    [TLV.alpn, alpn],
    [TLV.authority, authority],
    [TLV.uniqueId, uniqueId],
    [TLV.ssl, ssl === undefined ? undefined : formatSsl(ssl)],
    [TLV.netns, netns],
  ], others);
}

function formatSsl(ssl: ProxySsl): Bytes {
  const bits = (ssl.isTls ? CLIENT.isTls : 0) |
    (ssl.hasCertificate ? CLIENT.hasCertificate : 0) |
    (ssl.hasSessionCertificate ? CLIENT.hasSessionCertificate : 0);
  const facts = present([
    [TLV.sslVersion, ssl.version],
    [TLV.sslCommonName, ssl.commonName],
    [TLV.sslCipher, ssl.cipher],
    [TLV.sslSignatureAlgorithm, ssl.signatureAlgorithm],
    [TLV.sslKeyAlgorithm, ssl.keyAlgorithm],
  ], ssl.others ?? []);
  return joinBytes([Uint8Array.of(bits, 0, 0, 0, ssl.isVerified ? 0 : 1), ...facts]);
}

/** Those facts that are there. */
function present(
  facts: readonly (readonly [type: number, value: string | Bytes | undefined])[],
  others: readonly ProxyTlv[],
): Bytes[] {
  const parts = facts.flatMap(([type, value]) => value === undefined ? [] : formatTlv(type, value));
  return [...parts, ...others.map(({ type, value }) => formatTlv(type, value))];
}

function formatTlv(type: number, value: string | Bytes): Bytes {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  if (bytes.length > 65_535) {
    throw new RangeError(`Cannot write PROXY header: fact ${type} has ${bytes.length} bytes`);
  }
  return joinBytes([Uint8Array.of(type, bytes.length >> 8, bytes.length & 255), bytes]);
}
