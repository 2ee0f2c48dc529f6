import { assert, assertEquals, assertRejects } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { TimeoutError } from "../../../../protocols/errors.ts";
import { openConnection } from "../../../../streams/open_connection.ts";
import { startServer } from "../../../../streams/servers/start_server.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";

/** More than the receiver's buffer has room for, and less than ours. */
const SIZE = 60_000;

/**
 * Accepts a connection, and does with it what its input says: `read` all and tell how much, or
 * `reset` it. Does nothing else with it until then.
 */
const PEER = `
import socket, struct, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
conn, _ = listener.accept()
order = sys.stdin.readline()
if order == "reset\\n":
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
elif order == "read\\n":
    size = 0
    while data := conn.recv(65536): size += len(data)
    print(size, flush=True)
`;

/** Has a connection that is being closed, with bytes that the peer did not take. */
async function lingering(
  linger: number,
  use: (closed: Promise<unknown>, peer: Peer) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command("python3", {
    args: ["-c", PEER],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const input = child.stdin.getWriter();
  const next = async (): Promise<string> => (await lines.read()).value ?? "";
  const port = Number(await next());
  const { transport } = await openConnection({ port, network, linger, sendBufferSize: 200_000 });
  transport.write(new Uint8Array(SIZE));
  transport.close();
  const order = (word: string) => input.write(new TextEncoder().encode(`${word}\n`));
  await use(transport.closed.then(({ error }) => error), { order, next });
  await input.close();
  await child.status;
  await lines.cancel();
}

interface Peer {
  order(word: string): Promise<void>;
  next(): Promise<string>;
}

testWith("python3", "linger has closed wait until the peer has all, and nothing else", async () => {
  if (ignore) return;
  await lingering(600_000, async (closed, peer) => {
    let isClosed = false;
    void closed.then(() => isClosed = true);
    // The thread goes on meanwhile.
    await using server = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
      port: 0,
      network,
    });
    const client = await openConnection({ port: server.port, network });
    for (let i = 0; i < 100; i++) {
      client.writer.write(`${i}\n`);
      assertEquals(await client.reader.readline({ as: "text" }), `${i}\n`);
    }
    assertEquals(isClosed, false);
    await client.close();
    await peer.order("read");
    assertEquals(await peer.next(), `${SIZE}`);
    assertEquals(await closed, null);
  });
});

testWith("python3", "linger tells that the peer has reset the connection instead", async () => {
  if (ignore) return;
  await lingering(600_000, async (closed, peer) => {
    await peer.order("reset");
    const error = await closed;
    assert(error instanceof Deno.errors.ConnectionReset, `${error}`);
  });
});

testWith("python3", "linger ends with a TimeoutError if the peer does not read", async () => {
  if (ignore) return;
  await lingering(30, async (closed) => {
    const error = await closed;
    assert(error instanceof TimeoutError, `${error}`);
    assertEquals(error.timeoutMs, 30);
  });
});

testWith("python3", "abort() does not wait for linger", async () => {
  if (ignore) return;
  await using server = await startServer(() => {}, { port: 0, network });
  const { transport } = await openConnection({ port: server.port, network, linger: 600_000 });
  transport.close();
  transport.abort();
  assertEquals((await transport.closed).error, null);
});

Deno.test("linger 0 is refused, and so is linger on another network", async () => {
  const port = 1;
  await assertRejects(
    () => openConnection({ port, network, linger: 0 }),
    RangeError,
    "linger 0 would reset the connection; abort({ reset: true }) does that",
  );
  await assertRejects(() => openConnection({ port, linger: 5 }), TypeError, "give network: epoll");
});
