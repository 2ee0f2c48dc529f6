/**
 * What the TLS examples share: certificates from the files that `--cert`, `--key` and `--ca` name, or
 * those of `examples/certificates/`, which are for tests and keep no secret.
 *
 * @module
 */
import type { TlsCertificate, TlsOptions } from "@sluice/net";

/** The flags for the functions here. */
export const CERTIFICATE_FLAGS = { cert: "", key: "", ca: "" } as const;

/** The certificate of `--cert` and `--key`; `null` without them. One of them alone is a mistake. */
export async function readOwnCertificate(
  { cert, key }: { readonly cert: string; readonly key: string },
): Promise<TlsCertificate | null> {
  if (cert === "" && key === "") return null;
  if (key === "") throw new Error("Cannot use --cert without --key");
  if (cert === "") throw new Error("Cannot use --key without --cert");
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}

/** The certificate of `--cert` and `--key`; without them one of those for tests. */
export async function readCertificate(
  flags: { readonly cert: string; readonly key: string },
  name: "localhost" | "client",
): Promise<TlsCertificate> {
  return await readOwnCertificate(flags) ??
    { cert: await readTestFile(`${name}.crt`), key: await readTestFile(`${name}.key`) };
}

/** The authority of `--ca`; without it the one behind the certificates for tests. */
export async function readAuthority({ ca }: { readonly ca: string }): Promise<string> {
  return ca === "" ? await readTestFile("ca.crt") : await Deno.readTextFile(ca);
}

/** What a server wants of its clients: with `--ca` a certificate of that authority, without it nothing. */
export async function readDemands(
  { ca }: { readonly ca: string },
): Promise<Pick<TlsOptions, "requestCert" | "caCerts">> {
  return ca === "" ? {} : { requestCert: true, caCerts: [await Deno.readTextFile(ca)] };
}

/** Beside this file, wherever that was loaded from. */
async function readTestFile(name: string): Promise<string> {
  const response = await fetch(new URL(`certificates/${name}`, import.meta.url));
  return await response.text();
}
