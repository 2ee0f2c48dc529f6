import { checkOptions } from "../../protocols/option_checks.ts";
import type { LayerFactory } from "../core/transport_options.ts";
import { TlsCarrier } from "./_tls_carrier.ts";
import { resolveTlsOptions, TLS_CHECKS, type TlsOptions } from "./tls_options.ts";

/**
 * TLS as a layer for the `layers` of any transport. The option `tls` puts it nearest the wire; by
 * hand it can be above another layer, such as one that reads a PROXY header, and inside another
 * TLS.
 *
 * The layer above gets `connectionMade` after the handshake. See {@linkcode TlsOptions};
 * `serverSide` says which end it is.
 *
 * @example TLS inside TLS
 * ```ts
 * import { createConnection, createServer } from "@sluice/net";
 * import { tlsLayer } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const read = (name: string) => Deno.readTextFile(`examples/certificates/${name}`);
 * const shown = { cert: await read("localhost.crt"), key: await read("localhost.key") };
 * const expected = { caCerts: [await read("ca.crt")], serverName: "localhost" };
 *
 * const received = Promise.withResolvers<string>();
 * await using server = await createServer(
 *   () => ({ dataReceived: (chunk) => received.resolve(new TextDecoder().decode(chunk)) }),
 *   { port: 0, tls: shown, layers: [tlsLayer({ ...shown, serverSide: true })] },
 * );
 * const { transport } = await createConnection(
 *   () => ({}),
 *   { port: server.port, tls: expected, layers: [tlsLayer(expected)] },
 * );
 * transport.write("wrapped twice");
 * assertEquals(await received.promise, "wrapped twice");
 * transport.close();
 * await transport.closed;
 * ```
 *
 * @param tls How to encrypt.
 * @throws {TypeError} If something is missing: a server's certificate, a client's `serverName`.
 * @throws {RangeError} If a timeout is not above zero.
 */
export function tlsLayer(tls: TlsOptions): LayerFactory {
  checkOptions("use tlsLayer", tls, TLS_CHECKS);
  const resolved = resolveTlsOptions(tls, false);
  return (upper, options) => new TlsCarrier(resolved, upper, options);
}
