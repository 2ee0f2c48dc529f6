import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { TlsProtocolError } from "../../../../protocols/errors.ts";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { denoNetwork } from "../../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../../transports/networks/node_network.ts";
import { localhost } from "../../../support/certificates/certificates.ts";
import { outputOf, testWith } from "../../../support/peers/outside_peer.ts";

/** Sends a record that does not decrypt, and goes on sending before it reads. */
const CLIENT = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as raw:
    def call(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
            finally:
                raw.sendall(outgoing.read())
    call(tls.do_handshake)
    tls.write(b"hello")
    raw.sendall(outgoing.read())
    assert call(lambda: tls.read(5)) == b"hello"
    try:
        raw.sendall(b"\\x17\\x03\\x03\\x00\\x20" + bytes(32) + bytes(3_000_000))
        print("read", call(lambda: tls.read(1)))
    except OSError as error:
        print(getattr(error, "reason", None) or error)
`;

for (const network of [denoNetwork, nodeNetwork]) {
  testWith(
    "python3",
    `A client that sends on after a bad record sees the alert on ${network.name}`,
    async () => {
      const lost = Promise.withResolvers<Error | null>();
      await using server = await createServer(
        () => {
          const echo = {
            connectionMade: (transport: Transport) => {
              Object.assign(echo, { dataReceived: (chunk: Bytes) => transport.write(chunk) });
            },
            connectionLost: lost.resolve,
          };
          return echo;
        },
        { port: 0, network, tls: localhost },
      );
      const seen = await outputOf("python3", ["-c", CLIENT, String(server.port)]);
      assertMatch(seen, /ALERT_BAD_RECORD_MAC/);
      const error = await lost.promise;
      assertInstanceOf(error, TlsProtocolError);
      assertEquals(error.reason, "other");
    },
  );
}
