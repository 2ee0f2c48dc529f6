import type { KeyObject } from "node:crypto";
import { nodeModule } from "../../core/node_module.ts";
import type { TlsCertificate } from "../tls_certificate.ts";
import { BoundedMap } from "./bounded_map.ts";
import { readList, TAG, tryToRead } from "./der.ts";
import { type PemBlock, readPem } from "./pem.ts";

/**
 * Checks certificates, keys and authorities when they are given: what cannot work would else fail
 * in each handshake, with an error that names neither the option nor the remedy.
 *
 * @module
 */

/** The curves that both engines know. */
const CURVES: readonly string[] = ["prime256v1", "secp384r1", "secp521r1"];
const KNOWN_KEYS = "RSA of 2048 to 8192 bits, EC on P-256, P-384 or P-521, or Ed25519";

/**
 * How many checked texts are remembered: each `startTls()` brings its own options, mostly with the
 * same.
 */
const MAX_CHECKED = 256;
const checked = new BoundedMap<true>(MAX_CHECKED);

/**
 * Throws unless a certificate and its key can be used.
 *
 * @param pair What was given.
 * @param name Where: "" for the options `cert` and `key` themselves.
 * @throws {TypeError} If one of them is unusable, or they do not belong together.
 */
export function checkPair(pair: TlsCertificate, name: string = ""): void {
  const { cert, key } = pair;
  const prefix = name === "" ? "" : `${name}.`;
  once(`pair ${cert} ${key}`, () => {
    const certificates = readCertificates(cert, `${prefix}cert`);
    const block = readKey(key, `${prefix}key`);
    checkBelongTogether(certificates, block, prefix);
  });
}

/**
 * Throws unless the certificates of an authority can be read.
 *
 * @throws {TypeError} If they cannot.
 */
export function checkAuthority(pem: string, name: string): void {
  once(`authority ${pem}`, () => void readCertificates(pem, name));
}

function once(key: string, check: () => void): void {
  if (checked.get(key)) return;
  check();
  checked.set(key, true);
}

function readCertificates(pem: string, name: string): readonly PemBlock[] {
  const blocks = blocksOf(pem, name, "certificate");
  const certificates = blocks.filter(({ label }) => label === "CERTIFICATE");
  if (certificates.length === 0) {
    const hasKey = blocks.some(({ label }) => label.endsWith("PRIVATE KEY"));
    const [{ label } = { label: "" }] = blocks;
    fail(
      name,
      hasKey
        ? `holds a private key and no certificate; ${exchange(name)}`
        : `holds "${label}" and no certificate; make one with: openssl x509 -in FILE`,
    );
  }
  certificates.forEach(({ bytes }, index) => {
    if (isCertificate(bytes)) return;
    fail(name, `cannot be read: certificate ${index + 1} of ${certificates.length} is damaged`);
  });
  return certificates;
}

function readKey(pem: string, name: string): PemBlock {
  const blocks = blocksOf(pem, name, "private key");
  const key = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (key === undefined) {
    const isExchanged = blocks.some(({ label }) => label === "CERTIFICATE");
    fail(name, `holds no private key; ${isExchanged ? exchange(name) : "give it as PEM"}`);
  }
  if (key.label.startsWith("ENCRYPTED") || key.text.includes("ENCRYPTED")) {
    fail(
      name,
      "is encrypted with a password; decrypt it with: openssl pkey -in FILE -out NEW_FILE",
    );
  }
  return key;
}

function exchange(name: string): string {
  return name.startsWith("caCerts")
    ? "give the certificates of the authorities"
    : "cert and key seem to be exchanged";
}

/** The PEM blocks of a text that has some. */
function blocksOf(pem: string, name: string, what: string): readonly PemBlock[] {
  const blocks = readPem(pem);
  if (blocks.length > 0) return blocks;
  if (pem.trim() === "") fail(name, "is empty");
  if (pem.includes("-----BEGIN ")) fail(name, `holds a PEM block that is cut off or damaged`);
  // DER is binary: as text it has characters that no PEM file and no path has.
  // deno-lint-ignore no-control-regex -- the search is for these
  if (/[\x00-\x08\ufffd]/.test(pem)) {
    const tool = what === "certificate" ? "x509" : "pkey";
    fail(name, `is not PEM but DER; convert it with: openssl ${tool} -inform DER -in FILE`);
  }
  if (!pem.includes("\n") && /[/\\.]/.test(pem)) {
    fail(name, `is a path; give the text of the file: await Deno.readTextFile(${show(pem)})`);
  }
  fail(name, `${show(pem)} is not a ${what} in PEM, which begins with -----BEGIN`);
}

/** The outer form of a certificate: those of authorities may be of any version. */
function isCertificate(bytes: Uint8Array): boolean {
  const tags = tryToRead(() => readList(bytes))?.map(({ tag }) => tag) ?? [];
  return tags.join() === [TAG.sequence, TAG.sequence, TAG.bitString].join();
}

function checkBelongTogether(
  certificates: readonly PemBlock[],
  block: PemBlock,
  prefix: string,
): void {
  const { createPrivateKey, X509Certificate } = nodeModule("node:crypto");
  const [certName, keyName] = [`${prefix}cert`, `${prefix}key`];
  const key = attempt(() => createPrivateKey(block.text), keyName);
  checkKind(key, keyName);
  const fits = certificates.map(({ text }) =>
    attempt(() => new X509Certificate(text).checkPrivateKey(key), certName)
  );
  if (fits[0]) return;
  fail(
    certName,
    fits.includes(true)
      ? `begins with the certificate of an authority; put the own one, of ${keyName}, first`
      : `is for another key than ${keyName}; give the two that were made together`,
  );
}

function attempt<T>(read: () => T, name: string): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`Cannot use TLS: ${name} cannot be read (${why})`, { cause });
  }
}

function checkKind(key: KeyObject, name: string): void {
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails } = key;
  const { namedCurve = "", modulusLength = 0 } = asymmetricKeyDetails ?? {};
  const isKnown = type === "ed25519" || (type === "ec" && CURVES.includes(namedCurve)) ||
    (type === "rsa" && modulusLength >= 2048 && modulusLength <= 8192);
  if (isKnown) return;
  const kind = [type, namedCurve, modulusLength > 0 ? `of ${modulusLength} bits` : ""];
  const shown = kind.filter((part) => part !== "").join(" ");
  fail(name, `is of the kind ${shown}, which no engine knows; make one of ${KNOWN_KEYS}`);
}

function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function fail(name: string, problem: string): never {
  throw new TypeError(`Cannot use TLS: ${name} ${problem}`);
}
