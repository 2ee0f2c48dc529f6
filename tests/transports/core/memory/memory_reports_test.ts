/**
 * Public reports on other systems: memory that is read into, written and used again:
 * each as a small program, with the outcome that is right here.
 */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { type Bytes, copyOf } from "../../../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../../../protocols/contract.ts";
import { assertSameBytes } from "../../../../testing/conformance/same_bytes.ts";
import { Random } from "../../../../testing/conformance/random.ts";
import { flushed, turns } from "../../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { denoNetwork } from "../../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../../transports/networks/node_network.ts";
import { startTls } from "../../../../transports/tls/start_tls.ts";
import { localhost, trusting } from "../../../support/certificates/certificates.ts";

/** Runs `use` with a connection to a server of `protocol`; both ends are ended afterwards. */
async function connected<P extends AnyProtocol>(
  network: typeof denoNetwork,
  protocol: P,
  use: (client: Transport, received: RecordingProtocol, server: P) => Promise<void>,
): Promise<void> {
  const server = await createServer(() => protocol, { port: 0, network, onError: () => {} });
  const recorder = new RecordingProtocol();
  const { transport } = await createConnection(() => recorder, { port: server.port, network });
  try {
    await use(transport, recorder, protocol);
  } finally {
    transport.abort();
    server.abortClients();
    server.close();
    await server.waitClosed();
    await transport.closed;
  }
}

for (const network of [denoNetwork, nodeNetwork]) {
  const on = `on ${network.name}`;

  Deno.test(`One buffer may be used for every message of up to 16 KiB ${on}`, async () => {
    // nodejs/node issue 26607: messages appeared in others, as their buffer was used again.
    await connected(network, new RecordingProtocol(), async (client, _, server) => {
      const buffer = new Uint8Array(1000);
      let expected = "";
      for (let i = 0; i < 500; i++) {
        const text = `message ${i};`;
        const { written } = new TextEncoder().encodeInto(text, buffer);
        client.write(buffer.subarray(0, written));
        expected += text;
        if (i % 50 === 0) await flushed(client);
      }
      await server.untilReceived(expected.length);
      assertEquals(server.receivedText, expected);
    });
  });

  Deno.test(`A large buffer may be used again once it is flushed, though the peer is slow ${on}`, async () => {
    // scylladb/seastar issue 1094, spdk/spdk issue 3610: completion was told too early.
    const random = new Random(3);
    await connected(network, new RecordingProtocol(), async (client, _, server) => {
      const buffer = new Uint8Array(700_000);
      const sent: Bytes[] = [];
      for (let round = 0; round < 8; round++) {
        buffer.set(random.bytes(buffer.length));
        sent.push(copyOf(buffer));
        client.write(buffer);
        await flushed(client);
        buffer.fill(0xee);
      }
      const expected = await new Blob(sent).bytes();
      await server.untilReceived(expected.length);
      assertSameBytes(server.received, expected);
    });
  });

  Deno.test(`A pooled Buffer that is given away harms no other, and none made later ${on}`, async () => {
    // nodejs/node issues 32752 and 61362: the pool that all share was detached.
    await connected(network, new RecordingProtocol(), async (client, _, server) => {
      const other = Buffer.from("other");
      for (const text of ["hello ", "world"]) {
        client.write(Buffer.from(btoa(text), "base64"), { transfer: true });
      }
      assertEquals([other.toString(), Buffer.from("later").toString()], ["other", "later"]);
      await server.untilReceived(11);
      assertEquals(server.receivedText, "hello world");
    });
  });

  Deno.test(`Memory that a borrower has taken for itself is not used again ${on}`, async () => {
    // reactor/reactor-netty issue 3406, netty/netty issue 3369: released twice, so handed out
    // twice.
    const taken: Bytes[] = [];
    const expected: Bytes[] = [];
    const borrower = new RecordingProtocol({
      borrowsChunks: true,
      dataReceived(chunk): void {
        expected.push(copyOf(chunk));
        taken.push(structuredClone(chunk, { transfer: [chunk.buffer] }));
      },
    });
    const random = new Random(4);
    await connected(network, borrower, async (client) => {
      for (let i = 1; i <= 40; i++) {
        client.write(random.bytes(30_000));
        await borrower.untilReceived(i * 30_000);
      }
      await turns();
      taken.forEach((chunk, i) => assertSameBytes(chunk, expected[i] ?? new Uint8Array(0)));
    });
  });

  Deno.test(`A peer that takes a little at a time gets every byte of moved memory ${on}`, async () => {
    // elastic/elasticsearch pull request 45463: bytes that a partial write had left were lost.
    const random = new Random(5);
    const sent = random.bytes(6_000_000);
    let own: Transport | undefined;
    const echo = {
      borrowsChunks: true,
      connectionMade: (transport: Transport) => void (own = transport),
      dataReceived: (chunk: Bytes) => own?.write(chunk) ? undefined : own?.pauseReading(),
      resumeWriting: () => own?.resumeReading(),
    };
    await connected(network, echo, async (client, received) => {
      client.pauseReading();
      for (const piece of random.split(sent, 1, 300_000)) client.write(piece);
      while (received.receivedLength < sent.length) {
        await turns(1);
        client.resumeReading();
        await turns(1);
        client.pauseReading();
      }
      assertSameBytes(received.received, sent);
    });
  });

  Deno.test(`A chunk that is decoded in place changes no later chunk ${on}`, async () => {
    // uNetworking/uWebSockets issue 1650: the header of the next frame was overwritten.
    const random = new Random(6);
    const sent = random.bytes(2_000_000);
    const borrower = new RecordingProtocol({
      borrowsChunks: true,
      dataReceived(chunk): void {
        chunk.forEach((byte, i) => chunk[i] = ~byte);
        new Uint8Array(chunk.buffer).fill(0xaa);
      },
    });
    await connected(network, borrower, async (client) => {
      for (const piece of random.split(sent, 1, 90_000)) client.write(piece);
      await borrower.untilReceived(sent.length);
      assertSameBytes(borrower.received, sent);
    });
  });

  Deno.test(`A short chunk after a long one is as long as its bytes ${on}`, async () => {
    // cereal2nd/velbus-aio pull request 189: stale bytes after the new ones were parsed as well.
    const lengths: number[] = [];
    const borrower = new RecordingProtocol({
      borrowsChunks: true,
      dataReceived: (chunk) => void lengths.push(chunk.length),
    });
    await connected(network, borrower, async (client) => {
      let sum = 0;
      for (const size of [600, 3, 512, 1, 4000, 2]) {
        client.write(new Uint8Array(size));
        await borrower.untilReceived(sum += size);
      }
      assertEquals(lengths, [600, 3, 512, 1, 4000, 2]);
    });
  });

  Deno.test(`A module's memory that grows while it is queued ends the connection ${on}`, async () => {
    // nodejs/undici issue 728: the memory of a parser was detached under a read.
    await connected(network, new RecordingProtocol(), async (client, _, server) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const view = new Uint8Array(memory.buffer, 0, 50_000).fill(7);
      client.write(new Uint8Array(10_000_000));
      client.write(view);
      memory.grow(1);
      assertEquals(view.length, 0);
      client.close();
      const { error, bytesUnsent } = await client.closed;
      assert(error instanceof TypeError, `ended with ${error}`);
      assert(bytesUnsent >= 50_000);
      assert(!server.received.includes(7), "some of it was sent");
    });
  });
}

Deno.test("A borrower may start TLS with the rest of its chunk, the start of the handshake", async () => {
  // MagicStack/uvloop pull request 708: bytes that were received early were lost, and TLS hung.
  const secured = Promise.withResolvers<string>();
  const command = "STARTTLS\n";
  let own: Transport | undefined;
  let rest = 0;
  const server = await createServer(() => ({
    borrowsChunks: true,
    connectionMade: (transport) => void (own = transport),
    dataReceived(chunk): void {
      const unread = chunk.subarray(command.length);
      rest = unread.length;
      const inner = {
        dataReceived: (data: Bytes) => secured.resolve(new TextDecoder().decode(data)),
      };
      if (own !== undefined) void startTls(own, inner, { serverSide: true, unread, ...localhost });
    },
  }), { port: 0 });
  const { transport, protocol } = await createConnection(() => ({}), { port: server.port });
  transport.write(command);
  const tls = await startTls(transport, protocol, trusting);
  tls.write("secret");
  assertEquals(await secured.promise, "secret");
  assert(rest >= 0);
  tls.abort();
  await server.shutdown({ grace: 0 });
});
