/**
 * An echo server over TLS, in the protocol style, and a client that asks it.
 *
 * Without `--connect` it is the server: talk to it with `openssl s_client -connect 127.0.0.1:8443
 * -CAfile examples/certificates/ca.crt`; stop it with Ctrl-C. With `--connect` it is the client: it
 * sends `--message` to a server and prints the TLS engine and the answer.
 *
 *     deno run --allow-net --allow-read examples/tls_echo.ts --port 8443
 *     deno task example tls_echo --port 8443
 *
 * It needs `--allow-net` and, for the certificates, `--allow-read`. The server shows the
 * certificate in the PEM files `--cert` and `--key`, or one for tests. With `--ca`, the PEM file of
 * an authority, it lets in only clients with a certificate of that authority. With `--connect` the
 * same flags are the client's: the certificate that it shows, if any, and the authority that it
 * trusts, by default the one for tests. The client expects a server certificate for `localhost`.
 *
 * @module
 */
import {
  createServer,
  openConnection,
  Protocol,
  type TlsOptions,
  type Transport,
} from "@sluice/net";
import type { Endpoint } from "@sluice/net/transports";
import {
  CERTIFICATE_FLAGS,
  CERTIFICATE_NEEDS,
  checkTls,
  readAuthority,
  readOwnCertificate,
  readServerTls,
} from "./_certificates.ts";
import { checkRemotePort, listenFlags, readFlags } from "./_flags.ts";
import { peerOf, runProgram, serveUntilStopped } from "./_program.ts";

class TlsEcho extends Protocol {
  override connectionMade(transport: Transport): void {
    console.log(`${peerOf(transport)} connected, engine ${transport.getExtraInfo("tlsEngine")}`);
  }

  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(chunk);
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
    ...listenFlags(8443),
    connect: [false, "be the client instead of the server"],
    message: ["Hello World!", "the text that the client sends"],
    ...CERTIFICATE_FLAGS,
  }, { ...CERTIFICATE_NEEDS, message: ["connect"] });
  if (connect) {
    checkRemotePort(endpoint);
    const shown = await readOwnCertificate({ cert, key });
    const caCerts = [await readAuthority({ ca })];
    return await ask(endpoint, checkTls({ caCerts, serverName: "localhost", ...shown }), message);
  }
  const tls = await readServerTls({ cert, key, ca });
  await serveUntilStopped(await createServer(() => new TlsEcho(), { ...endpoint, tls }));
});
