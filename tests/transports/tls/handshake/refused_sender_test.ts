/**
 * rustls/tokio-rustls#83, openssl#10880: a client without a certificate takes the handshake to be
 * done and sends data. A reset then hid the alert that says why it was refused.
 */
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { TlsHandshakeError } from "../../../../protocols/errors.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { nodeNetwork } from "../../../../transports/networks/node_network.ts";
import { denoNetwork } from "../../../../transports/networks/deno_network.ts";
import { ca, localhost } from "../../../support/certificates/certificates.ts";
import { outputOf, testWith } from "../../../support/peers/outside_peer.ts";

const CLIENT = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as raw:
    try:
        with context.wrap_socket(raw) as client:
            client.sendall(bytes(3_000_000))
            print("read", client.recv(1))
    except OSError as error:
        print(getattr(error, "reason", None) or error)
`;

for (const network of [denoNetwork, nodeNetwork]) {
  testWith(
    "python3",
    `A client that sends sees the alert why it was refused on ${network.name}`,
    async () => {
      const reported = Promise.withResolvers<Error>();
      await using server = await createServer(() => ({}), {
        port: 0,
        network,
        tls: { ...localhost, caCerts: [ca], requestCert: true },
        onError: reported.resolve,
      });
      const seen = await outputOf("python3", ["-c", CLIENT, String(server.port)]);
      assertMatch(seen, /ALERT_CERTIFICATE_REQUIRED/);
      const error = await reported.promise;
      assertInstanceOf(error, TlsHandshakeError);
      assertEquals(error.reason, "noCertificate");
    },
  );
}
