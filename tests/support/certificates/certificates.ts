import type { TlsCertificate } from "../../../transports/tls/tls_certificate.ts";
import type { TlsOptions } from "../../../transports/tls/tls_options.ts";

const folder = new URL("../../../examples/certificates/", import.meta.url);

/** The path of a file of the test certificates. */
export function pathOf(name: string): string {
  return decodeURIComponent(new URL(name, folder).pathname);
}

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, folder));
}

function pair(name: string): TlsCertificate {
  return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
}

/** The authority that signed all certificates but that of a stranger. */
export const ca: string = read("ca.crt");
/** An authority that signed nothing. */
export const stranger: string = read("stranger.crt");
/** For localhost, 127.0.0.1 and ::1. */
export const localhost: TlsCertificate = pair("localhost");
/** For other.example and what is below it. */
export const other: TlsCertificate = pair("other");
/** A client's. */
export const client: TlsCertificate = pair("client");
/** For localhost, and no longer valid. */
export const expired: TlsCertificate = pair("expired");

/** The options of a client that trusts the certificates here. */
export const trusting: TlsOptions = { caCerts: [ca], serverName: "localhost" };
