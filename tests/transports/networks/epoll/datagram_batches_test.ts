/**
 * Datagrams that leave in one call. The cases are those that public reports tell of other systems:
 * a failure in the middle of a batch that took the rest along, or was told of the wrong one;
 * datagrams out of order; lengths and senders of an earlier batch.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DatagramTooLargeError } from "../../../../protocols/errors/datagram_errors.ts";
import type { DatagramTransport } from "../../../../protocols/datagram_contract.ts";
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { DatagramLog } from "../../../support/doubles/datagram_log.ts";
import { FailingLibc } from "../../../support/doubles/failing_libc.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { bindDatagrams } from "../../../../transports/networks/epoll/datagrams/bind_datagrams.ts";
import type { DatagramSink } from "../../../../transports/datagrams/datagram_carrier.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** An endpoint, and what it has received. */
interface Receiver {
  readonly transport: DatagramTransport;
  readonly received: readonly { readonly text: string; readonly port: number }[];
  readonly done: Promise<void>;
}

/** An endpoint that resolves `done` when it has received `count` datagrams. */
async function receiver(count: number): Promise<Receiver> {
  const received: { readonly text: string; readonly port: number }[] = [];
  const done = Promise.withResolvers<void>();
  const { transport } = await createDatagramEndpoint(() => ({
    datagramReceived(data, address): void {
      const text = new TextDecoder().decode(data);
      received.push({ text, port: "port" in address ? address.port : 0 });
      if (received.length === count) done.resolve();
    },
  }), { localAddr: { port: 0 }, network, receiveBufferSize: 1_000_000 });
  return { transport, received, done: done.promise };
}

async function close(...transports: readonly DatagramTransport[]): Promise<void> {
  for (const transport of transports) transport.close();
  await Promise.all(transports.map(({ closed }) => closed));
}

test("Datagrams that wait together come whole and in order, of any lengths", async () => {
  const texts = Array.from({ length: 200 }, (_, i) => `${i}`.repeat(i % 7 === 3 ? 500 : i % 4));
  const { transport, received, done } = await receiver(texts.length);
  const { transport: sender } = await createDatagramEndpoint(() => ({}), {
    remoteAddr: { port: transport.port },
    network,
  });
  for (const text of texts) sender.sendto(text);
  await done;
  assertEquals(received.map(({ text }) => text), texts);
  await close(sender, transport);
});

test("One that cannot be sent fails alone, in the middle of others", async () => {
  const { transport, received, done } = await receiver(9);
  const { transport: sender, protocol } = await createDatagramEndpoint(() => new DatagramLog(), {
    localAddr: { hostname: "0.0.0.0", port: 0 },
    network,
  });
  const here = { hostname: "127.0.0.1", port: transport.port };
  const outcomes: (string | null)[] = [];
  const onSettled = (error: Error | null) => void outcomes.push(error && error.constructor.name);
  for (let i = 0; i < 12; i++) {
    // 65,507 bytes fit into no datagram that is sent to a network with a smaller limit.
    if (i === 4) sender.sendto(new Uint8Array(65_508), here, onSettled);
    // Broadcast was not allowed.
    else if (i % 5 === 2) sender.sendto("x", { hostname: "255.255.255.255", port: 9 }, onSettled);
    else sender.sendto(`${i}`, here, onSettled);
  }
  await done;
  assertEquals(received.map(({ text }) => text), ["0", "1", "3", "5", "6", "8", "9", "10", "11"]);
  const refused = Deno.errors.PermissionDenied.name;
  assertEquals(outcomes.slice(0, 8), [
    null,
    null,
    refused,
    null,
    DatagramTooLargeError.name,
    null,
    null,
    refused,
  ]);
  assert(protocol !== null);
  await close(sender, transport);
});

test("A datagram that is sent while others are settled comes after the queued ones", async () => {
  const { transport, received, done } = await receiver(41);
  const { transport: sender } = await createDatagramEndpoint(() => ({}), {
    remoteAddr: { port: transport.port },
    network,
  });
  let isFirst = true;
  for (let i = 0; i < 40; i++) {
    sender.sendto(`${i}`, null, () => {
      if (isFirst) sender.sendto("40");
      isFirst = false;
    });
  }
  await done;
  assertEquals(received.map(({ text }) => text), Array.from({ length: 41 }, (_, i) => `${i}`));
  await close(sender, transport);
});

test("abort() while others are settled sends no more, and tells each sender once", async () => {
  const { transport } = await receiver(1);
  const { transport: sender } = await createDatagramEndpoint(() => ({}), {
    remoteAddr: { port: transport.port },
    network,
  });
  let told = 0;
  for (let i = 0; i < 100; i++) {
    sender.sendto(`${i}`, null, () => {
      if (++told === 40) sender.abort();
    });
  }
  const { sent, unsent } = await sender.closed;
  assertEquals(told, 100);
  assertEquals(sent + unsent, 100);
  await close(transport);
});

/** Answers each datagram to its sender, many at a time, from many sockets. */
const CLIENTS = `
import select, socket, sys
socks = []
for i in range(50):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", int(sys.argv[1])))
    socks.append(s)
for i, s in enumerate(socks):
    for k in range(4): s.send(b"%d.%d" % (i, k) + b"." * (k * i))
for i, s in enumerate(socks):
    s.settimeout(20)
    for k in range(4): assert s.recv(1000) == b"%d.%d" % (i, k) + b"." * (k * i), (i, k)
print("ok")
`;

testWith("python3", "Fifty clients get the answers to their own datagrams, in order", async () => {
  if (ignore) return;
  const { transport } = await createDatagramEndpoint(() => ({
    transport: null as DatagramTransport | null,
    connectionMade(transport): void {
      this.transport = transport;
    },
    datagramReceived(data, address): void {
      this.transport?.sendto(data, address);
    },
  }), { localAddr: { port: 0 }, network, receiveBufferSize: 1_000_000 });
  const { stdout } = await new Deno.Command("python3", {
    args: ["-c", CLIENTS, `${transport.port}`],
    stderr: "inherit",
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "ok");
  await close(transport);
});

const SINK: DatagramSink = { receive: () => "copied", fail: () => {}, lose: () => {} };

test("trySendMany() reports on the first datagrams, and tries those after a failure", async () => {
  const to = await receiver(2);
  const destination = { transport: "udp", hostname: "127.0.0.1", port: to.transport.port } as const;
  const datagrams = ["a", "b"].map((text) => ({
    data: new TextEncoder().encode(text),
    destination,
  }));
  const EPERM = 1;
  const EAGAIN = 11;
  const ECONNREFUSED = 111;
  for (
    const [errnos, count, failures] of [
      [[EAGAIN], 0, 0],
      [[EPERM, 0], 2, 1],
      [[EPERM, EPERM], 2, 2],
      [[EPERM, EAGAIN], 1, 1],
      [[ECONNREFUSED, 0], 2, 0],
      [[ECONNREFUSED, ECONNREFUSED, 0], 2, 1],
    ] as const
  ) {
    const left: number[] = [...errnos];
    const { libc } = new FailingLibc((name) => name === "sendmmsg" ? left.shift() ?? 0 : 0);
    const carrier = bindDatagrams(libc, { port: 0 }, {}, null);
    carrier.start(SINK);
    const outcomes = carrier.trySendMany?.(datagrams) ?? [];
    assertEquals([outcomes.length, outcomes.filter((one) => one !== null).length], [
      count,
      failures,
    ], `${errnos}`);
    carrier.close();
  }
  await close(to.transport);
});
