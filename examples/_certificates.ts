/**
 * What the TLS examples share: certificates from the files that `--cert`, `--key` and `--ca` name, or
 * those of `examples/certificates/`, which are for tests and keep no secret.
 *
 * @module
 */
import type { TlsCertificate } from "@sluice/net";

/** The flags for {@linkcode readCertificate} and {@linkcode readAuthority}. */
export const CERTIFICATE_FLAGS = { cert: "", key: "", ca: "" } as const;

/** The certificate of `--cert` and `--key`; without them one of those for tests. */
export async function readCertificate(
  flags: { readonly cert: string; readonly key: string },
  name: "localhost" | "client",
): Promise<TlsCertificate> {
  if (flags.cert !== "") {
    return { cert: await Deno.readTextFile(flags.cert), key: await Deno.readTextFile(flags.key) };
  }
  return { cert: await readTestFile(`${name}.crt`), key: await readTestFile(`${name}.key`) };
}

/** The authority of `--ca`; without it the one behind the certificates for tests. */
export async function readAuthority(flags: { readonly ca: string }): Promise<string> {
  return flags.ca === "" ? await readTestFile("ca.crt") : await Deno.readTextFile(flags.ca);
}

/** Beside this file, wherever that was loaded from. */
async function readTestFile(name: string): Promise<string> {
  const response = await fetch(new URL(`certificates/${name}`, import.meta.url));
  return await response.text();
}
