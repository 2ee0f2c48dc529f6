/**
 * An echo server over TLS, in the protocol style, and a client that asks it.
 *
 * Without `--connect` it serves: talk to it with
 * `openssl s_client -connect 127.0.0.1:8443 -CAfile examples/certificates/ca.crt`; stop it with Ctrl-C. With `--connect` it sends
 * `--message` to a server and prints what was agreed on and what came back.
 *
 *     deno run --allow-net --allow-read examples/tls_echo.ts --port 8443
 *     deno task example tls_echo --port 8443
 *
 * `--allow-net` and, for the certificates, `--allow-read`. A server shows the certificate of the PEM files
 * `--cert` and `--key`, without them one for tests; with `--ca`, the PEM file of an authority, it lets in only
 * clients with a certificate of that. With `--connect` the same flags are the client's: what it shows, if it is
 * given, and the authority that it trusts, without `--ca` the one for tests. It expects a server for `localhost`.
 *
 * @module
 */
import {
  createServer,
  type Endpoint,
  openConnection,
  Protocol,
  type TlsOptions,
  type Transport,
} from "@sluice/net";
import {
  CERTIFICATE_FLAGS,
  readAuthority,
  readCertificate,
  readDemands,
  readOwnCertificate,
} from "./_certificates.ts";
import { peerOf, readFlags, runProgram, serveUntilStopped } from "./_program.ts";

class TlsEcho extends Protocol {
  #transport?: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    console.log(`${peerOf(transport)} connected, engine ${transport.getExtraInfo("tlsEngine")}`);
  }

  override dataReceived(chunk: Uint8Array): void {
    this.#transport?.write(chunk);
  }

  override connectionLost(error: Error | null): void {
    if (error !== null) console.log(error.message);
  }
}

async function ask(endpoint: Endpoint, tls: TlsOptions, message: string): Promise<void> {
  await using connection = await openConnection({ ...endpoint, tls });
  const { reader, writer } = connection;
  console.log(`engine ${writer.getExtraInfo("tlsEngine")}`);
  writer.write(message);
  writer.writeEof();
  console.log(`received: ${new TextDecoder().decode(await reader.read())}`);
}

await runProgram(async () => {
  const { message, connect, cert, key, ca, ...endpoint } = readFlags({
    port: 8443,
    connect: false,
    message: "Hello World!",
    ...CERTIFICATE_FLAGS,
  });
  if (connect) {
    const shown = await readOwnCertificate({ cert, key });
    const tls = { caCerts: [await readAuthority({ ca })], serverName: "localhost", ...shown };
    return await ask(endpoint, tls, message);
  }
  const tls = {
    ...await readCertificate({ cert, key }, "localhost"),
    ...await readDemands({ ca }),
  };
  await serveUntilStopped(await createServer(() => new TlsEcho(), { ...endpoint, tls }));
});
