import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { DatagramTransport } from "../../../../protocols/datagram_contract.ts";
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import type { DatagramEndpointOptions } from "../../../../transports/datagram_endpoint_options.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { getOption } from "../../../../transports/networks/epoll/libc/socket_calls.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";
const program = new URL("datagram_program.ts", import.meta.url).pathname;
const SERVE = [Deno.execPath(), "run", "-A", "--no-check", program];

async function closeAll(transports: readonly DatagramTransport[]): Promise<void> {
  for (const transport of transports) transport.close();
  await Promise.all(transports.map(({ closed }) => closed));
}

async function python(code: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command("python3", { args: ["-c", code, ...args], stderr: "inherit" });
  const { stdout } = await command.output();
  return new TextDecoder().decode(stdout).trim();
}

/** Sends three datagrams from each of 64 sockets: the number of the socket. */
const FROM_MANY = `
import socket, sys
for i in range(64):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", int(sys.argv[1])))
    for _ in range(3): s.send(bytes([i]))
`;

testWith("python3", "Endpoints with reusePort share the senders of a port", async () => {
  if (ignore) return;
  const done = Promise.withResolvers<void>();
  const seen: number[][] = [[], []];
  const take = (endpoint: number) => (data: Uint8Array) => {
    seen[endpoint]?.push(data[0] ?? -1);
    if (seen.flat().length === 192) done.resolve();
  };
  const open = async (endpoint: number, port: number) => {
    const localAddr = { port };
    const options = { localAddr, network, reusePort: true };
    return (await createDatagramEndpoint(() => ({ datagramReceived: take(endpoint) }), options))
      .transport;
  };
  const first = await open(0, 0);
  const second = await open(1, first.port);
  await assertRejects(
    () => createDatagramEndpoint(() => ({}), { localAddr: { port: first.port }, network }),
    Deno.errors.AddrInUse,
  );
  await python(FROM_MANY, `${first.port}`);
  await done.promise;
  const [mine = [], others = []] = seen.map((numbers) => [...new Set(numbers)]);
  assert(mine.length > 0 && others.length > 0, `${mine.length} and ${others.length}`);
  // All three of a sender came to one endpoint.
  assertEquals(mine.length + others.length, 64);
  await closeAll([first, second]);
});

Deno.test({
  name: "A connected endpoint with reusePort gets what its peer sends, and no other",
  ignore,
  fn: async () => {
    const peers = await Promise.all([0, 1, 2, 3].map(() =>
      createDatagramEndpoint(() => ({
        transport: null as DatagramTransport | null,
        connectionMade(transport): void {
          this.transport = transport;
        },
        datagramReceived(_data, address): void {
          this.transport?.sendto(`${this.transport.port}`, address);
        },
      }), { localAddr: { port: 0 }, network })
    ));
    const answers: Promise<string>[] = [];
    const clients: DatagramTransport[] = [];
    for (const { transport: { port } } of peers) {
      const answer = Promise.withResolvers<string>();
      const { transport } = await createDatagramEndpoint(() => ({
        datagramReceived: (data) => answer.resolve(new TextDecoder().decode(data)),
      }), {
        localAddr: { port: clients[0]?.port ?? 0 },
        remoteAddr: { port },
        network,
        reusePort: true,
      });
      clients.push(transport);
      answers.push(answer.promise);
    }
    for (const client of clients) client.sendto("who");
    assertEquals(await Promise.all(answers), peers.map(({ transport }) => `${transport.port}`));
    await closeAll([...clients, ...peers.map(({ transport }) => transport)]);
  },
});

Deno.test({
  name: "The buffer sizes of an endpoint are what the system has",
  ignore,
  fn: async () => {
    const { transport } = await createDatagramEndpoint(() => ({}), {
      localAddr: { port: 0 },
      network,
      receiveBufferSize: 50_000,
      sendBufferSize: 60_000,
    });
    const { fd } = transport.getExtraInfo("socket") as unknown as { fd: number };
    assertEquals([8, 7].map((name) => getOption(loadLibc(), fd, 1, name)), [100_000, 120_000]);
    await closeAll([transport]);
  },
});

/** Passes a TCP and a UDP socket on as systemd does; prints the port of the second. */
const ACTIVATE = `
import os, socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print(udp.getsockname()[1], flush=True)
copies = [os.dup(s.fileno()) for s in (tcp, udp)]
for i, copy in enumerate(copies): os.dup2(copy, 3 + i, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="dns:dns")
os.execvp(sys.argv[1], sys.argv[1:])
`;

for (const fd of ["systemd", "systemd:dns", "4"]) {
  testWith("dig", `dig is answered by the UDP socket that systemd passed on as ${fd}`, async () => {
    if (ignore) return;
    const child = new Deno.Command("python3", {
      args: ["-c", ACTIVATE, ...SERVE, fd],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const port = new TextDecoder().decode((await reader.read()).value).trim();
    // A datagram that comes before the program is there waits in the socket.
    const dig = new Deno.Command("dig", {
      args: ["@127.0.0.1", "-p", port, "+tries=1", "+time=20", "nowhere.invalid"],
    });
    const answer = new TextDecoder().decode((await dig.output()).stdout);
    assertMatch(answer, /status: NXDOMAIN/);
    await python(
      `import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); ` +
        `s.sendto(b"end",("127.0.0.1",int(sys.argv[1])))`,
      port,
    );
    assertEquals((await child.status).code, 0);
    await reader.cancel();
  });
}

/** Gives one end of a connected pair to a program, and speaks with it. */
const CONNECT = `
import socket, subprocess, sys
a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
for s in (a, b): s.bind(("127.0.0.1", 0))
b.connect(a.getsockname())
child = subprocess.Popen([*sys.argv[1:], str(b.fileno())], pass_fds=[b.fileno()])
a.settimeout(30)
text, address = a.recvfrom(100)
assert address == b.getsockname() and text == b"connected to %d" % a.getsockname()[1], text
a.sendto(b"where", address)
assert a.recv(100) == b"%d" % address[1]
a.sendto(b"end", address)
print(child.wait())
`;

testWith("python3", "An inherited socket that is connected knows its peer", async () => {
  if (ignore) return;
  assertEquals(await python(CONNECT, ...SERVE), "0");
});

const REFUSED: readonly [Partial<DatagramEndpointOptions>, RegExp][] = [
  [{ fd: 0.5 }, /fd 0.5 is not a whole number/],
  [{ fd: "systemv" }, /fd "systemv" is neither a number nor "systemd"/],
  [{ fd: 2_000_000_000 }, /fd 2000000000 is not a socket for datagrams/],
  [{ fd: "systemd" }, /Cannot open endpoint: fd "systemd" .* systemd passed no socket/],
  [{ fd: 5, localAddr: { port: 0 } }, /fd 5 given together with localAddr .* leave localAddr away/],
  [{ fd: 5, reusePort: true }, /fd 5 given together with reusePort true/],
  [{ localAddr: { port: 0 }, receiveBufferSize: 0 }, /receiveBufferSize 0/],
];

for (const [options, message] of REFUSED) {
  Deno.test({
    name: `epollNetwork refuses the endpoint ${Deno.inspect(options)}`,
    ignore,
    fn: async () => {
      const opening = createDatagramEndpoint(() => ({}), { ...options, network });
      const error = await assertRejects(() => opening, Error);
      assert(error instanceof TypeError || error instanceof RangeError, error.name);
      assertMatch(error.message, message);
    },
  });
}

Deno.test({
  name: "A socket of this program is not inherited",
  ignore,
  fn: async () => {
    const { transport } = await createDatagramEndpoint(() => ({}), {
      localAddr: { port: 0 },
      network,
    });
    const { fd } = transport.getExtraInfo("socket") as unknown as { fd: number };
    await assertRejects(
      () => createDatagramEndpoint(() => ({}), { fd, network }),
      TypeError,
      `fd ${fd} is in use by this program already`,
    );
    await closeAll([transport]);
  },
});
