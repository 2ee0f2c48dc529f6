import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { Address } from "../../../protocols/facts/address.ts";
import type {
  ProxyHeader,
  ProxySsl,
  ProxyTlv,
  ProxyTlvs,
} from "../../../protocols/facts/proxy_header.ts";
import { crc32c } from "../capture/crc32c.ts";
import { formatIp, parseIpv4, parseIpv6 } from "../../core/ip_address.ts";
import {
  CLIENT,
  FAMILY,
  HEAD_LENGTH,
  LONGEST_LINE,
  LONGEST_UNIQUE_ID,
  PREFIX,
  SIGNATURE,
  TLV,
  UNIX_PATH_LENGTH,
} from "./_proxy_wire.ts";

/** The result of a parser: a header and its length in bytes, or that more is needed. */
type ParsedProxyHeader = { readonly header: ProxyHeader; readonly length: number } | null;

/** A mistake in a header. */
export class HeaderFault extends Error {}

function fail(what: string): never {
  throw new HeaderFault(what);
}

type Ends = Pick<ProxyHeader, "source" | "destination">;

const NO_ENDS: Ends = { source: null, destination: null };

/**
 * Reads a header at the start of `bytes`.
 *
 * @param bytes What has arrived so far.
 * @param versions Which versions are allowed.
 * @param maxLength The longest header that is allowed, in bytes.
 * @returns The header; `null` if more bytes are needed.
 * @throws {HeaderFault} As soon as it cannot become a header that is allowed.
 */
export function parseProxyHeader(
  bytes: Bytes,
  versions: readonly (1 | 2)[],
  maxLength: number,
): ParsedProxyHeader {
  for (const version of versions) {
    if (startsAlike(bytes, version === 1 ? PREFIX : SIGNATURE)) {
      return version === 1 ? parseLine(bytes) : parseBinary(bytes, maxLength);
    }
  }
  return fail("its first bytes are not those of a header");
}

/** Whether one of both begins with the other one. */
function startsAlike(bytes: Bytes, start: Uint8Array): boolean {
  return bytes.subarray(0, start.length).every((byte, index) => byte === start[index]);
}

function parseLine(bytes: Bytes): ParsedProxyHeader {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf(0x0a);
  if (end === -1) {
    return bytes.length < LONGEST_LINE
      ? null
      : fail(`the line is longer than ${LONGEST_LINE} bytes`);
  }
  const line = String.fromCharCode(...bytes.subarray(0, end + 1));
  if (!line.endsWith("\r\n")) fail("the line does not end with CR LF");
  const [, family = "", source = "", destination = "", ...rest] = line.substring(0, line.length - 2)
    .split(" ");
  return {
    header: {
      version: 1,
      command: "proxy",
      ...lineEnds(family, [source, destination], rest),
      tlvs: {},
    },
    length: end + 1,
  };
}

function lineEnds(
  family: string,
  hosts: readonly [string, string],
  ports: readonly string[],
): Ends {
  // The rest is to be ignored.
  if (family === "UNKNOWN") return NO_ENDS;
  if (family !== "TCP4" && family !== "TCP6") fail(`the family is "${family}"`);
  if (ports.length !== 2) fail("the line does not have two addresses and two ports");
  const [source, destination] = hosts.map((host, index): Address => {
    const ip = family === "TCP4" ? parseIpv4(host) : parseIpv6(host);
    const port = ports[index] ?? "";
    if (ip === null) return fail(`"${host}" is no address of ${family}`);
    if (!/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) {
      return fail(`"${port}" is no port`);
    }
    return { transport: "tcp", hostname: formatIp(ip), port: Number(port) };
  });
  return { source: source ?? null, destination: destination ?? null };
}

function parseBinary(bytes: Bytes, maxLength: number): ParsedProxyHeader {
  const versionAndCommand = bytes[12];
  if (versionAndCommand !== undefined && versionAndCommand !== 0x20 && versionAndCommand !== 0x21) {
    fail(`version and command are 0x${versionAndCommand.toString(16)}`);
  }
  if (bytes.length < HEAD_LENGTH) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = HEAD_LENGTH + view.getUint16(14);
  if (length > maxLength) fail(`${length} bytes exceed the limit of ${maxLength}`);
  if (bytes.length < length) return null;
  const isLocal = versionAndCommand === 0x20;
  const header = copyOf(bytes, 0, length);
  const { ends, tlvsAt } = binaryEnds(header, isLocal);
  // Of a proxy that speaks for itself everything is to be ignored.
  const tlvs = isLocal ? {} : readTlvs(header, tlvsAt);
  return {
    header: { version: 2, command: isLocal ? "local" : "proxy", ...ends, tlvs },
    length,
  };
}

function binaryEnds(
  header: Bytes,
  isLocal: boolean,
): { readonly ends: Ends; readonly tlvsAt: number } {
  if (isLocal) return { ends: NO_ENDS, tlvsAt: header.length };
  const [family, kind] = [(header[13] ?? 0) >> 4, (header[13] ?? 0) & 15];
  if (family > FAMILY.unix) fail(`the family of addresses is ${family}`);
  if (kind > 2) fail(`the kind of socket is ${kind}`);
  const size = [0, 12, 36, 2 * UNIX_PATH_LENGTH][family] ?? 0;
  const tlvsAt = HEAD_LENGTH + size;
  if (tlvsAt > header.length) fail("the addresses are cut off");
  if (family === FAMILY.unspecified || kind === 0) return { ends: NO_ENDS, tlvsAt };
  const block = header.subarray(HEAD_LENGTH, tlvsAt);
  const ends = family === FAMILY.unix
    ? { source: unixAddress(block, 0, kind), destination: unixAddress(block, 1, kind) }
    : { source: netAddress(block, 0, kind), destination: netAddress(block, 1, kind) };
  return { ends, tlvsAt };
}

function netAddress(block: Bytes, index: 0 | 1, kind: number): Address {
  const size = (block.length - 4) / 2;
  return {
    transport: kind === 1 ? "tcp" : "udp",
    hostname: formatIp(block.subarray(index * size, (index + 1) * size)),
    port: new DataView(block.buffer, block.byteOffset).getUint16(2 * size + 2 * index),
  };
}

function unixAddress(block: Bytes, index: 0 | 1, kind: number): Address {
  const path = block.subarray(index * UNIX_PATH_LENGTH, (index + 1) * UNIX_PATH_LENGTH);
  // A path in the abstract namespace begins with a zero.
  const zero = path.indexOf(0, 1);
  const used = path.subarray(0, zero === -1 ? path.length : zero);
  const text = used.length === 1 && used[0] === 0 ? "" : new TextDecoder().decode(used);
  return { transport: kind === 1 ? "unix" : "unixpacket", path: text };
}

function readTlvs(header: Bytes, from: number): ProxyTlvs {
  const facts: { -readonly [K in keyof ProxyTlvs]: ProxyTlvs[K] } = {};
  const others: ProxyTlv[] = [];
  for (const { type, value, offset } of splitTlvs(header, from)) {
    if (type === TLV.alpn) facts.alpn = latin1(value);
    else if (type === TLV.authority) facts.authority = utf8(value);
    else if (type === TLV.crc32c) facts.crc32c = checkedCrc(header, value, offset);
    else if (type === TLV.uniqueId) facts.uniqueId = checkedId(value);
    else if (type === TLV.ssl) facts.ssl = readSsl(value);
    else if (type === TLV.netns) facts.netns = latin1(value);
    else if (type !== TLV.noop) others.push({ type, value });
  }
  return others.length === 0 ? facts : { ...facts, others };
}

function readSsl(bytes: Bytes): ProxySsl {
  if (bytes.length < 5) fail("the facts on TLS are cut off");
  const bits = bytes[0] ?? 0;
  const facts: { -readonly [K in keyof ProxySsl]: ProxySsl[K] } = {
    isTls: (bits & CLIENT.isTls) !== 0,
    hasCertificate: (bits & CLIENT.hasCertificate) !== 0,
    hasSessionCertificate: (bits & CLIENT.hasSessionCertificate) !== 0,
    isVerified: (bits & (CLIENT.hasCertificate | CLIENT.hasSessionCertificate)) !== 0 &&
      bytes.subarray(1, 5).every((byte) => byte === 0),
  };
  const others: ProxyTlv[] = [];
  for (const { type, value } of splitTlvs(bytes, 5)) {
    if (type === TLV.sslVersion) facts.version = latin1(value);
    else if (type === TLV.sslCommonName) facts.commonName = utf8(value);
    else if (type === TLV.sslCipher) facts.cipher = latin1(value);
    else if (type === TLV.sslSignatureAlgorithm) facts.signatureAlgorithm = latin1(value);
    else if (type === TLV.sslKeyAlgorithm) facts.keyAlgorithm = latin1(value);
    else others.push({ type, value });
  }
  return others.length === 0 ? facts : { ...facts, others };
}

function* splitTlvs(
  bytes: Bytes,
  from: number,
): Generator<ProxyTlv & { readonly offset: number }, void, undefined> {
  for (let at = from; at < bytes.length;) {
    const [type = 0, high = 0, low] = bytes.subarray(at, at + 3);
    const end = at + 3 + (high << 8 | (low ?? 0));
    if (low === undefined || end > bytes.length) fail("a fact is cut off");
    yield { type, value: copyOf(bytes, at + 3, end), offset: at + 3 };
    at = end;
  }
}

/** The checksum covers the whole header, with zeros in its own place. */
function checkedCrc(header: Bytes, value: Bytes, offset: number): number {
  if (value.length !== 4) fail(`the checksum has ${value.length} bytes`);
  const told = new DataView(value.buffer).getUint32(0);
  const covered = copyOf(header).fill(0, offset, offset + 4);
  if (crc32c(covered) !== told) fail("the checksum is wrong");
  return told;
}

function checkedId(value: Bytes): Bytes {
  if (value.length > LONGEST_UNIQUE_ID) fail(`the unique id has ${value.length} bytes`);
  return value;
}

function latin1(bytes: Bytes): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function utf8(bytes: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail("a name is no UTF-8");
  }
}
