/**
 * Bytes that are sent from where they lie: the writer may change them once `write` has returned.
 */
import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { Random } from "../../../../testing/conformance/random.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { firstAccepted } from "../../../support/pairs/server_pair.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";

/** Prints the SHA-256 of all that comes, which it reads with pauses between small reads. */
const HASH = `
import hashlib, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
s.connect(("127.0.0.1", int(sys.argv[1])))
h = hashlib.sha256()
while data := s.recv(3000): h.update(data)
print(h.hexdigest())
`;

testWith("python3", "Bytes of a buffer that changes after write() arrive unchanged", async () => {
  if (ignore) return;
  const { accept, accepted } = firstAccepted(() => ({}));
  const server = await createServer(accept, { port: 0, network, sendBufferSize: 20_000 });
  const child = new Deno.Command("python3", {
    args: ["-c", HASH, `${server.port}`],
    stdout: "piped",
  }).spawn();
  const transport = await accepted;
  const random = new Random(7);
  const buffer = new Uint8Array(16_384);
  const all: Uint8Array<ArrayBuffer>[] = [];
  for (let i = 0; i < 300; i++) {
    const part = buffer.subarray(0, 1 + random.below(buffer.length));
    part.set(random.bytes(part.length));
    all.push(part.slice());
    transport.write(part);
    buffer.fill(0);
  }
  transport.close();
  const bytes = new Uint8Array(await new Blob(all).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout).trim(), digest.toHex());
  assertEquals((await transport.closed).bytesWritten, bytes.length);
  await server.shutdown({ grace: 0 });
});

Deno.test({
  name: "A write to a peer that has reset the connection ends it once, with the reset",
  ignore,
  fn: async () => {
    const { accept, accepted } = firstAccepted(() => ({}));
    const server = await createServer(accept, { port: 0, network });
    const lost: unknown[] = [];
    const { transport } = await createConnection(() => ({
      connectionMade: (made: Transport) => made.pauseReading(),
      connectionLost: (error: Error | null) => void lost.push(error),
    }), { port: server.port, network });
    const peer = await accepted;
    peer.abort({ reset: true });
    await peer.closed;
    transport.write(new Uint8Array(16_384));
    transport.write(new Uint8Array(16_384));
    const { error, bytesWritten } = await transport.closed;
    assert(error instanceof Deno.errors.ConnectionReset, `${error}`);
    assertEquals([lost, bytesWritten], [[error], 0]);
    await server.shutdown({ grace: 0 });
  },
});
