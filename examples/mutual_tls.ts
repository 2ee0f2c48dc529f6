/**
 * TLS in which both ends show a certificate: the server greets each client by the name in its own, and
 * refuses who has none.
 *
 * It starts a server and asks it twice, with a certificate and without one, then ends. With `--serve`, and
 * with a certificate or an authority of your own, it goes on serving until Ctrl-C: talk to it (`--port 8444`) with
 * `openssl s_client -connect 127.0.0.1:8444 -cert client.crt -key client.key -CAfile ca.crt` in `examples/certificates/`.
 *
 *     deno run --allow-net --allow-read examples/mutual_tls.ts
 *     deno task example mutual_tls
 *
 * `--allow-net` and, for the certificates, `--allow-read`. `--cert` and `--key` name PEM files of the server,
 * `--ca` the authority behind the clients: each of them implies `--serve`, for the program has no certificate
 * to show to them. Without them the certificates for tests are used.
 *
 * @module
 */
import { openConnection, startServer, type StreamConnection, type TlsOptions } from "@sluice/net";
import { CERTIFICATE_FLAGS, readAuthority, readCertificate } from "./_certificates.ts";
import { announce, readFlags, runProgram } from "./_program.ts";

function greet({ writer }: StreamConnection): void {
  const subject = writer.getExtraInfo("peercert")?.subject;
  writer.write(`Hello, ${subject?.["CN"] ?? "somebody"}!\n`);
}

async function ask(port: number, tls: TlsOptions): Promise<string> {
  await using connection = await openConnection({ port, tls });
  return new TextDecoder().decode(await connection.reader.readline()).trim();
}

await runProgram(async () => {
  const { serve, cert, key, ca, ...endpoint } = readFlags({
    port: 0,
    serve: false,
    ...CERTIFICATE_FLAGS,
  });
  const caCerts = [await readAuthority({ ca })];
  const own = await readCertificate({ cert, key }, "localhost");
  await using server = await startServer(greet, {
    ...endpoint,
    tls: { ...own, requestCert: true, caCerts },
    onError: (error) => console.log(`refused: ${error.message}`),
  });
  if (serve || cert !== "" || ca !== "") {
    announce(server);
    return await server.serveForever();
  }
  const trusting = { caCerts, serverName: "localhost" };
  const shown = await readCertificate({ cert: "", key: "" }, "client");
  console.log(`with a certificate: ${await ask(server.port, { ...trusting, ...shown })}`);
  // In TLS 1.3 a client is done before the server has looked at its certificate: it fails at the first read.
  console.log(`without one: ${await ask(server.port, trusting).catch(String)}`);
});
