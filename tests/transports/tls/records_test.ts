import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { TlsProtocolError } from "../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { createServer } from "../../../transports/create_server.ts";
import { RecordBoundaries } from "../../../transports/tls/engine/record_boundaries.ts";
import { testWith } from "../../support/peers/outside_peer.ts";
import { localhost, pathOf } from "../../support/certificates/certificates.ts";
import { outputOf } from "../../support/peers/outside_peer.ts";

/**
 * Sends three records and something that is none, cut into pieces of a size, each in a packet of
 * its own. Unless it waits for a greeting, its last message of the handshake comes with them.
 */
const CLIENT = `
import socket, ssl, sys, time
port, version, ca, size, last, waits = sys.argv[1:7]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
plain = socket.create_connection(("127.0.0.1", int(port)))
plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
secured = context.wrap_bio(received, sent, server_hostname="localhost")
while True:
    try:
        secured.do_handshake()
        break
    except ssl.SSLWantReadError:
        plain.sendall(sent.read())
        received.write(plain.recv(65536))
if waits == "true":
    plain.sendall(sent.read())
    while True:
        try:
            secured.read(100)
            break
        except ssl.SSLWantReadError:
            received.write(plain.recv(65536))
for word in (b"first ", b"second ", b"third"): secured.write(word)
data = sent.read() + bytes.fromhex(last)
step = int(size) or len(data)
try:
    for at in range(0, len(data), step):
        plain.sendall(data[at:at + step])
        time.sleep(0.001)
    while plain.recv(65536): pass
except OSError:
    pass
`;

const LASTS = {
  "a record that does not decrypt": `1703030020${"aa".repeat(32)}`,
  "no TLS at all": new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n").toHex(),
  "an alert in the clear": "15030300020228",
};

for (const engine of ["native", "layer"] as const) {
  for (const version of ["TLSv1_2", "TLSv1_3"]) {
    for (const [what, last] of Object.entries(LASTS)) {
      const name = `Data before ${what} is delivered, however it is cut (${engine}, ${version})`;
      testWith("python3", name, async () => {
        for (const size of engine === "native" ? [0] : [0, 1, 60]) {
          const protocol = new RecordingProtocol({
            connectionMade: (transport) => void transport.write("welcome"),
          });
          await using server = await createServer(() => protocol, {
            port: 0,
            tls: { ...localhost, engine },
            onError: () => {},
          });
          // Deno's own TLS lets the handshake fail for an error that comes with its last message.
          const waits = String(engine === "native");
          const args = [String(server.port), version, pathOf("ca.crt"), String(size), last, waits];
          const peer = outputOf("python3", ["-c", CLIENT, ...args]);
          await protocol.until("connectionLost");
          assertEquals(protocol.receivedText, "first second third", `in pieces of ${size}`);
          assertInstanceOf(protocol.error, TlsProtocolError);
          await peer;
        }
      });
    }
  }
}

/** A record of data with so much in it. */
function record(length: number, type = 23): Uint8Array {
  const bytes = new Uint8Array(5 + length).fill(23);
  bytes.set([type, 3, 3, length >> 8, length & 0xff]);
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("RecordBoundaries.cut() finds the last record that ends in a chunk, in any pieces", () => {
  const sizes = [0, 1, 40, 300, 2, 17];
  const data = join(...sizes.map((size) => record(size)));
  const begins = sizes.map((_, index) =>
    sizes.slice(0, index).reduce((at, size) => at + 5 + size, 0)
  );
  const ends = begins.map((begin, index) => begin + 5 + (sizes[index] ?? 0));
  for (let size = 1; size <= data.length; size++) {
    const boundaries = new RecordBoundaries();
    for (let at = 0; at < data.length; at += size) {
      const chunk = data.subarray(at, at + size);
      const last = ends.findLastIndex((end) => end > at && end <= at + chunk.length);
      const expected = Math.max(0, (begins[last] ?? at) - at);
      assertEquals(boundaries.cut(chunk), expected, `pieces of ${size}, at ${at}`);
    }
  }
});

Deno.test("RecordBoundaries.cut() cuts before bytes that are not a record, and not before a full record", () => {
  const valid = record(10);
  assertEquals(new RecordBoundaries().cut(join(valid, valid, record(3, 71))), 30);
  assertEquals(new RecordBoundaries().cut(join(valid, valid)), 15);
  assertEquals(new RecordBoundaries().cut(join(valid, record(16_401))), 0);
  const boundaries = new RecordBoundaries();
  assertEquals(boundaries.cut(record(3, 71)), 0);
  assert(boundaries.cut(join(valid, valid)) >= 0);
});
