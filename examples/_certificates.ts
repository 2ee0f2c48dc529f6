/**
 * Shared parts of the TLS examples: certificates from the files that `--cert`, `--key` and `--ca`
 * name, or those in `examples/certificates/`, which are for tests only: their keys are public.
 *
 * @module
 */
import type { TlsCertificate, TlsOptions } from "@sluice/net";
import { tlsLayer } from "@sluice/net/transports";
import { FlagError } from "./_flags.ts";

/** The flags for the functions here. */
export const CERTIFICATE_FLAGS = {
  cert: [undefined, "a PEM file with a certificate (default: one for tests)"],
  key: [undefined, "a PEM file with the private key of --cert"],
  ca: [undefined, "a PEM file with the authority that the other end's certificate must be from"],
} as const;

/** A certificate and its key are given together. */
export const CERTIFICATE_NEEDS = { cert: ["key"], key: ["cert"] } as const;

/** The values of those flags. */
export interface CertificateFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** The certificate of `--cert` and `--key`; `null` without them. */
export async function readOwnCertificate(
  { cert, key }: CertificateFiles,
): Promise<TlsCertificate | null> {
  if (cert === undefined || key === undefined) return null;
  return { cert: await readFlagFile("cert", cert), key: await readFlagFile("key", key) };
}

/** The certificate of `--cert` and `--key`; without them one of those for tests. */
export async function readCertificate(
  files: CertificateFiles,
  name: "localhost" | "client",
): Promise<TlsCertificate> {
  return await readOwnCertificate(files) ??
    { cert: await readTestFile(`${name}.crt`), key: await readTestFile(`${name}.key`) };
}

/** The authority of `--ca`; without it the one that issued the certificates for tests. */
export async function readAuthority({ ca }: CertificateFiles): Promise<string> {
  return ca === undefined ? await readTestFile("ca.crt") : await readFlagFile("ca", ca);
}

/**
 * The options of a server: its certificate, and with `--ca` the demand that clients show one of
 * that authority.
 */
export async function readServerTls(files: CertificateFiles): Promise<TlsOptions> {
  const own = await readCertificate(files, "localhost");
  const asking = files.ca === undefined
    ? {}
    : { requestCert: true, caCerts: [await readFlagFile("ca", files.ca)] };
  return checkTls({ ...own, ...asking, serverSide: true });
}

/** Checks certificates before anything is opened, as the library does, and names the flag. */
export function checkTls<T extends TlsOptions>(tls: T): T {
  try {
    tlsLayer(tls);
    return tls;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FlagError(
      error.message
        .replace(/^Cannot use TLS: (cert|key) /, "Cannot use --$1: $1 ")
        .replace(/^Cannot use TLS: caCerts\[0\] /, "Cannot use --ca: "),
      { cause: error },
    );
  }
}

async function readFlagFile(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new FlagError(`Cannot use --${flag}: ${error.message}`, { cause: error });
  }
}

/** A file in the folder beside this module, also if the module was loaded from the network. */
async function readTestFile(name: string): Promise<string> {
  const response = await fetch(new URL(`certificates/${name}`, import.meta.url));
  return await response.text();
}
