import type { SubjectAltName } from "../../../protocols/facts/peer_certificate.ts";
import {
  DerError,
  type DerReader,
  type DerValue,
  readAll,
  readList,
  readSequence,
  readValues,
  TAG,
} from "./der.ts";

/**
 * Reads the parts of a certificate that decide who it is for (RFC 5280).
 *
 * It is as strict as the native engine. node:tls, which the layer uses, takes a certificate that
 * its verifier cannot read without checking a signature: one of version 1, or one with an error in
 * its encoding. Such certificates are refused here.
 *
 * ```text
 * Certificate = { tbs, algorithm, signature }
 * tbs = { [0] version, serial, algorithm, issuer, validity, subject, public key, [3] extensions }
 * ```
 */
export interface CertificateForm {
  /** The names that it is valid for. */
  readonly names: readonly SubjectAltName[];
  /** Whether it may sign others. */
  readonly isAuthority: boolean;
  /** Its time, in milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
}

/** Context-specific tags: those of the certificate itself, and of the names in it. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const KINDS: ReadonlyMap<number, SubjectAltName["type"]> = new Map([
  [0x81, "email"],
  [0x82, "dns"],
  [0x86, "uri"],
  [0x87, "ip"],
]);
/** The other kinds of names: of other systems, X.400, directory, EDI party, registered. */
const OTHER_KINDS: readonly number[] = [0xa0, 0xa3, 0xa4, 0xa5, 0x88];

/** The extensions that verifiers read, by the last byte of their identifier after 2.5.29. */
const EXTENSION_PREFIX = [0x55, 0x1d];
const READERS: ReadonlyMap<number, (contents: Uint8Array, form: MutableForm) => void> = new Map([
  [15, readKeyUsage],
  [17, (contents, form) => void (form.names = readList(contents).map(readName))],
  [19, readBasicConstraints],
  [30, readNameConstraints],
  [37, (contents) => void readSome(contents, TAG.oid, "uses")],
]);

interface MutableForm {
  names: readonly SubjectAltName[];
  isAuthority: boolean;
}

/**
 * Reads a certificate.
 *
 * @param raw The certificate as DER.
 * @throws {DerError} If it is not of version 3, or is not encoded as it must be.
 */
export function readCertificate(raw: Uint8Array): CertificateForm {
  return readSequence(raw, (certificate) => {
    const form = readAll(certificate.expect(TAG.sequence), readToBeSigned);
    certificate.expect(TAG.sequence);
    checkBitString(certificate.expect(TAG.bitString));
    return form;
  });
}

function readToBeSigned(tbs: DerReader): CertificateForm {
  if (tbs.tag !== VERSION) throw new DerError("It is of version 1");
  const number = readAll(tbs.expect(VERSION), (version) => version.expect(TAG.integer));
  if (number.length !== 1 || number[0] !== 2) throw new DerError("It is not of version 3");
  if (tbs.expect(TAG.integer).length === 0) throw new DerError("It has no serial number");
  tbs.expect(TAG.sequence);
  tbs.expect(TAG.sequence);
  const times = readAll(tbs.expect(TAG.sequence), (validity) => ({
    validFrom: readTime(validity.next()),
    validTo: readTime(validity.next()),
  }));
  tbs.expect(TAG.sequence);
  readAll(tbs.expect(TAG.sequence), (key) => {
    key.expect(TAG.sequence);
    checkBitString(key.expect(TAG.bitString));
  });
  const form: MutableForm = { names: [], isAuthority: false };
  if (!tbs.isDone) readExtensions(tbs.expect(EXTENSIONS), form);
  return { ...form, ...times };
}

function readExtensions(contents: Uint8Array, form: MutableForm): void {
  const seen = new Set<number>();
  for (const extension of readSome(contents, TAG.sequence, "extensions")) {
    readAll(extension, (reader) => {
      const number = numberOf(reader.expect(TAG.oid));
      if (reader.tag === TAG.boolean) checkBoolean(reader.next());
      const value = reader.expect(TAG.octetString);
      if (number === undefined) return;
      if (seen.has(number)) throw new DerError("An extension occurs twice");
      seen.add(number);
      READERS.get(number)?.(value, form);
    });
  }
}

/** Reads a list, which must not be empty, of values with one tag. */
function readSome(contents: Uint8Array, tag: number, what: string): Uint8Array[] {
  const values = readList(contents);
  if (values.length === 0) throw new DerError(`The list of ${what} is empty`);
  if (values.some((value) => value.tag !== tag)) throw new DerError(`The ${what} are malformed`);
  return values.map((value) => value.contents);
}

function numberOf(id: Uint8Array): number | undefined {
  const isKnown = id.length === 3 && EXTENSION_PREFIX.every((byte, i) => id[i] === byte);
  return isKnown ? id[2] : undefined;
}

function readName({ tag, contents }: DerValue): SubjectAltName {
  const type = KINDS.get(tag);
  if (type === "ip") return { type, value: formatIp(contents) };
  if (type !== undefined) return { type, value: latin1(contents) };
  if (!OTHER_KINDS.includes(tag)) throw new DerError(`A name is of the unknown kind ${tag}`);
  return { type: "other", value: contents.toHex() };
}

function readBasicConstraints(contents: Uint8Array, form: MutableForm): void {
  readSequence(contents, (constraints) => {
    if (constraints.tag === TAG.boolean) form.isAuthority = checkBoolean(constraints.next());
    if (constraints.tag === TAG.integer) constraints.next();
  });
}

function readKeyUsage(contents: Uint8Array): void {
  const bits = readAll(contents, (reader) => reader.expect(TAG.bitString));
  if (bits.length < 2) throw new DerError("The key usage is empty");
}

function readNameConstraints(contents: Uint8Array): void {
  readSequence(contents, (trees) => {
    for (const tag of [0xa0, 0xa1]) {
      if (trees.tag !== tag) continue;
      for (const tree of readValues(trees.expect(tag))) {
        if (tree.tag !== TAG.sequence) throw new DerError("A constraint of names is malformed");
        readValues(tree.contents);
      }
    }
  });
}

function checkBoolean({ contents }: DerValue): boolean {
  const [byte] = contents;
  if (contents.length !== 1 || (byte !== 0 && byte !== 0xff)) {
    throw new DerError("A boolean is neither true nor false");
  }
  return byte === 0xff;
}

/** The bits of a signature or a key are whole bytes. */
function checkBitString(contents: Uint8Array): void {
  if (contents[0] !== 0) throw new DerError("A string of bits has not whole bytes");
}

/** As RFC 5280 wants it: UTC with seconds, two digits of the year before 2050. */
function readTime({ tag, contents }: DerValue): number {
  const text = latin1(contents);
  const isShort = tag === TAG.utcTime;
  const pattern = isShort ? /^\d{12}Z$/ : /^\d{14}Z$/;
  const isTime = (isShort || tag === TAG.generalizedTime) && pattern.test(text);
  const full = isShort ? `${Number(text.substring(0, 2)) >= 50 ? 19 : 20}${text}` : text;
  const iso = full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = isTime ? Date.parse(iso) : NaN;
  // The 30th of February is read as a day of March. Times before 1970 are no times to the verifier.
  if (!(time >= 0) || new Date(time).toISOString() !== iso) {
    throw new DerError(`"${text}" is not a time`);
  }
  return time;
}

const decoder = new TextDecoder("latin1");

/** Each byte as a character of its own: names that differ cannot become one. */
function latin1(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** An address as text; bytes of another length, such as a network with a mask, in hexadecimal. */
function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const hex = bytes.toHex();
  return bytes.length === 16 ? shortIp(hex.replace(/(.{4})(?=.)/g, "$1:")) : hex;
}

/** The usual way to write an IPv6 address, so that one address has one text. */
export function shortIp(address: string): string {
  return new URL(`http://[${address}]`).hostname.replace(/^\[|\]$/g, "");
}
