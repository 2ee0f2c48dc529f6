import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { Random } from "../../../../testing/conformance/random.ts";
import { type ConnectOptions, createConnection } from "../../../../transports/create_connection.ts";
import { createServer, type ListenOptions } from "../../../../transports/create_server.ts";
import { counters } from "../../../../transports/layers/counters.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { getOption } from "../../../../transports/networks/epoll/libc/socket_calls.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { peerCredentials } from "../../../../transports/networks/epoll/peer_credentials.ts";
import { readTcpInfo, tcpInfo } from "../../../../transports/networks/epoll/tcp_info.ts";
import { Echo } from "../../../support/peers/echo.ts";
import { firstAccepted } from "../../../support/pairs/server_pair.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";

function test(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore, fn });
}

/** Both ends of a connection, and what ends them. */
async function pair(
  listen: Partial<ListenOptions>,
  connect: Partial<ConnectOptions>,
  use: (client: Transport, accepted: Transport) => Promise<void> | void,
): Promise<void> {
  const { accept, accepted } = firstAccepted(() => new Echo());
  const place = listen.path === undefined ? { port: 0 } : {};
  const server = await createServer(accept, { ...place, network, ...listen });
  const to = listen.path === undefined ? { port: server.port } : { path: listen.path };
  const { transport } = await createConnection(() => ({}), { ...to, network, ...connect });
  await use(transport, await accepted);
  transport.close();
  await transport.closed;
  await server.shutdown({ grace: 0 });
}

/** An option of the socket of a connection, as the system has it. */
function optionOf(transport: Transport, level: number, name: number): number {
  const { fd } = transport.getExtraInfo("socket") as unknown as { fd: number };
  return getOption(loadLibc(), fd, level, name);
}

const SETTINGS = {
  keepAlive: true,
  keepAliveDelay: 30_000,
  keepAliveInterval: 2500,
  keepAliveCount: 4,
  userTimeout: 12_345,
  typeOfService: 0x10,
  receiveBufferSize: 50_000,
  sendBufferSize: 60_000,
  fastOpen: true,
};

test("The options for sockets are what the system has, at both ends", () =>
  pair(SETTINGS, SETTINGS, (client, accepted) => {
    for (const transport of [client, accepted]) {
      const keepAlive = [9, 4, 5, 6].map((name, i) => optionOf(transport, i === 0 ? 1 : 6, name));
      assertEquals(keepAlive, [1, 30, 3, 4]);
      assertEquals(optionOf(transport, 6, 18), 12_345);
      assertEquals(optionOf(transport, 0, 1), 0x10);
      assertEquals([8, 7].map((name) => optionOf(transport, 1, name)), [100_000, 120_000]);
    }
  }));

test("A number that the system would take for another one is refused", async () => {
  const large = 2 ** 32 + 3;
  for (const name of ["keepAliveDelay", "keepAliveInterval", "userTimeout", "fd"]) {
    const place = name === "fd" ? {} : { port: 0 };
    await assertRejects(
      () => createServer(() => ({}), { ...place, network, keepAlive: true, [name]: large }),
      RangeError,
      name,
    );
  }
});

test("ipv6Only decides whether a server on :: has IPv4 as well", async () => {
  for (const [ipv6Only, isReached] of [[false, true], [true, false]] as const) {
    await using server = await createServer(() => ({}), {
      hostname: "::",
      port: 0,
      network,
      ipv6Only,
    });
    // An address where no other test listens.
    const hostname = "127.9.8.7";
    const connecting = createConnection(() => ({}), { hostname, port: server.port, network });
    if (!isReached) await assertRejects(() => connecting, Deno.errors.ConnectionRefused);
    else {
      const { transport } = await connecting;
      transport.close();
      await transport.closed;
      server.closeClients();
    }
  }
});

test("An option of epollNetwork alone is refused by others, which name it", async () => {
  await assertRejects(
    () => createConnection(() => ({}), { port: 1, userTimeout: 5 }),
    TypeError,
    "give network: epollNetwork of @sluice/net/epoll",
  );
});

test("tcpInfo() describes a TCP connection, under layers too, and no other connection", () =>
  pair({}, { layers: [counters()] }, async (client) => {
    const info = tcpInfo(client);
    assertEquals(info.state, "established");
    assert(info.rtt > 0 && info.rtt < 60_000, `${info.rtt}`);
    assert(info.congestionWindow >= 1 && info.maxSegmentSize >= 500, JSON.stringify(info));
    assertEquals(info.retransmits, 0);
    assertThrows(() => peerCredentials(client), TypeError, "not a connection of a Unix socket");
    client.close();
    await client.closed;
    assertThrows(() => tcpInfo(client), InvalidStateError, "closed");
  }));

test("readTcpInfo() makes numbers of any bytes, of any length", () => {
  const random = new Random(3);
  for (let i = 0; i < 5000; i++) {
    const { state, ...numbers } = readTcpInfo(random.bytes(random.below(120)));
    assertEquals(typeof state, "string");
    for (const value of Object.values(numbers)) assert(value >= 0, `${value}`);
  }
});

test("peerCredentials() of both ends are those of this process", async () => {
  const path = await socketPath();
  const mine = { pid: Deno.pid, uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  await pair({ path }, {}, (client, accepted) => {
    assertEquals([client, accepted].map(peerCredentials), [mine, mine]);
    assertThrows(() => tcpInfo(client), TypeError, "not a TCP connection");
  });
});

testWith("python3", "peerCredentials() are those of a Python client", async () => {
  if (ignore) return;
  const path = await socketPath();
  const { accept, accepted } = firstAccepted(() => ({}));
  await using server = await createServer(accept, { path, network });
  const child = new Deno.Command("python3", {
    args: [
      "-c",
      "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)",
      path,
    ],
  }).spawn();
  assertEquals(peerCredentials(await accepted).pid, child.pid);
  server.closeClients();
  await child.status;
});
