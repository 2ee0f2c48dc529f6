/**
 * TLS in which both ends show a certificate: the server greets each client by the name in its
 * certificate, and refuses clients without one.
 *
 * It starts a server, connects to it twice, with a certificate and without one, and ends. With
 * `--serve` it serves until Ctrl-C instead: talk to it with
 * `openssl s_client -connect 127.0.0.1:8444 -cert client.crt -key client.key -CAfile ca.crt` in
 * `examples/certificates/`.
 *
 *     deno run --allow-net --allow-read examples/mutual_tls.ts
 *     deno task example mutual_tls
 *
 * It needs `--allow-net` and, for the certificates, `--allow-read`. `--cert` and `--key` name PEM
 * files of the server, `--ca` that of the authority that issued the clients' certificates. Each of
 * them implies `--serve`, because the program has no client certificate that fits. Without them it
 * uses the certificates for tests.
 *
 * @module
 */
import { openConnection, startServer, type StreamConnection, type TlsOptions } from "@sluice/net";
import { CERTIFICATE_FLAGS, CERTIFICATE_NEEDS, readAuthority } from "./_certificates.ts";
import { checkTls, readCertificate } from "./_certificates.ts";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";

/** With one of these flags the program serves until Ctrl-C. */
const SERVING = ["serve", "cert", "ca"];

function greet({ writer }: StreamConnection): void {
  const subject = writer.getExtraInfo("peercert")?.subject;
  writer.write(`Hello, ${subject?.["CN"] ?? "stranger"}!\n`);
}

async function ask(port: number, tls: TlsOptions): Promise<string> {
  await using connection = await openConnection({ port, tls });
  return (await connection.reader.readline({ as: "text" })).trim();
}

await runProgram(async () => {
  const { serve, cert, key, ca, ...endpoint } = readFlags({
    ...listenFlags(8444),
    serve: [false, "serve until Ctrl-C"],
    ...CERTIFICATE_FLAGS,
  }, { ...CERTIFICATE_NEEDS, hostname: SERVING, port: SERVING, path: SERVING });
  const isServing = serve || cert !== undefined || ca !== undefined;
  const caCerts = [await readAuthority({ ca })];
  const own = await readCertificate({ cert, key }, "localhost");
  await using server = await startServer(greet, {
    ...(isServing ? endpoint : { port: 0 }),
    tls: checkTls({ ...own, requestCert: true, caCerts, serverSide: true }),
    onError: (error) => console.log(`refused: ${error.message}`),
  });
  if (isServing) return await serveUntilStopped(server);
  const trusting = { caCerts, serverName: "localhost" };
  const shown = await readCertificate({}, "client");
  console.log(`with a certificate: ${await ask(server.port, { ...trusting, ...shown })}`);
  // In TLS 1.3 the client is ready before the server has checked its certificate, so it fails at
  // its first read.
  console.log(`without one: ${await ask(server.port, trusting).catch(String)}`);
});
