/**
 * Public reports on other event loops over epoll, as programs.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import {
  createConnection,
  createUnixConnection,
} from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { EPOLL, F } from "../../../../transports/networks/epoll/libc/libc.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { reactorOf, type ReadyHandler } from "../../../../transports/networks/epoll/_reactor.ts";
import { firstAccepted } from "../../../support/pairs/server_pair.ts";
import { Echo } from "../../../support/peers/echo.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import "../../../support/runs/reactor_rests.ts";
import { freePort } from "../../../support/places/free_port.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

/** Ends a connection at the end of a scope: a test that fails leaves nothing to the next one. */
function ending(transport: Transport): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      transport.abort();
      await transport.closed;
    },
  };
}

/**
 * Whether a socket is in a set of this process: by its inode, as its number may be another one's
 * soon.
 */
function isWatched(fd: number): boolean {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/self/fd/${fd}`)) ?? [];
  return watchedInodes().includes(Number(inode));
}

/** Of all sets of the process, as the number of ours is not known. */
function watchedInodes(): number[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) =>
    [...describe(name).matchAll(/tfd:.* ino:([0-9a-f]+)/g)].map(([, inode]) =>
      parseInt(inode ?? "", 16)
    )
  );
}

/** What the system tells of a descriptor: nothing if another thread has closed it meanwhile. */
function describe(fd: string): string {
  try {
    return Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
  } catch {
    return "";
  }
}

function fdOf(transport: Transport): number {
  return (transport.getExtraInfo("socket") as unknown as { fd: number }).fd;
}

/** From this number on no other thread gets one: the system gives the first that is free. */
const FIRST_OF_OURS = 3000;

/** Two connected sockets of the system. The first has the first free number of ours. */
function socketPair(): [number, number] {
  const libc = loadLibc();
  const fds = new Int32Array(2);
  libc.socketpair(1, 1 | 0o4000 | 0o2000000, 0, new Uint8Array(fds.buffer));
  const [first = -1, second = -1] = fds;
  const ours = libc.fcntl(first, F.DUPFD_CLOEXEC, FIRST_OF_OURS);
  libc.close(first);
  return [ours, second];
}

/** An exchange over another connection: several turns of the reactor have passed then. */
async function exchange(port: number): Promise<void> {
  const got = Promise.withResolvers<void>();
  const { transport } = await createConnection(() => ({ dataReceived: () => got.resolve() }), {
    port,
    network,
  });
  transport.write("x");
  await got.promise;
  transport.close();
  await transport.closed;
}

// Twisted 2809, CUPS 4605, h2o 603, Seastar 64: EPOLLHUP and EPOLLERR come without being asked for.
test("A paused connection that was reset leaves the epoll set, and is lost when reading resumes", async () => {
  await using server = await createServer(() => new Echo(), { port: 0, network });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lost = Promise.withResolvers<Error | null>();
  const { transport } = await createConnection(
    () => ({ connectionLost: lost.resolve }),
    { port: listener.addr.port, network },
  );
  await using _ending = ending(transport);
  const conn = await listener.accept();
  assertEquals(isWatched(fdOf(transport)), true);
  transport.pauseReading();
  transport.write("unread, so that closing resets");
  await conn.readable.getReader().cancel();
  await exchange(server.port);
  assertEquals(isWatched(fdOf(transport)), false);
  transport.resumeReading();
  await lost.promise;
});

// Bun 37928: a Unix peer that is gone is EPOLLHUP for ever.
test("A half-open Unix connection whose peer is gone is out of the set, and can be closed", async () => {
  await using other = await createServer(() => new Echo(), { port: 0, network });
  const path = await socketPath();
  const ended = Promise.withResolvers<void>();
  const { accept, accepted } = firstAccepted(() => ({
    eofReceived: () => {
      ended.resolve();
      return true;
    },
  }));
  await using _server = await createServer(accept, { path, network });
  const { transport } = await createUnixConnection(() => ({}), { path, network });
  const left = await accepted;
  await using _ending = ending(left);
  transport.abort();
  await ended.promise;
  await exchange(other.port);
  assertEquals(isWatched(fdOf(left)), false);
  left.close();
  await left.closed;
});

// libdill 129, re 266, moonbit 571: an event for a number that is another descriptor's by then.
test("An event of a descriptor that was closed in the same turn does not reach the next one", async () => {
  const libc = loadLibc();
  const reactor = reactorOf(libc);
  const pairs = [socketPair(), socketPair()];
  const told: string[] = [];
  const done = Promise.withResolvers<void>();
  let reused = -1;
  const handlers = pairs.map(([fd], index): ReadyHandler & { close(): void } => {
    const watch = reactor.open(fd, {
      onReady: () => {
        told.push(`first of ${index}`);
        const other = 1 - index;
        handlers[index]?.close();
        handlers[other]?.close();
        // The numbers are free again: the next sockets get them.
        const [a, b] = socketPair();
        reused = a;
        const next = reactor.open(a, { onReady: () => told.push("the next one") });
        next.interest = EPOLL.IN;
        setImmediate(() =>
          setImmediate(() => {
            next.close();
            libc.close(b);
            done.resolve();
          })
        );
      },
    });
    watch.interest = EPOLL.IN;
    return { onReady: () => {}, close: () => watch.close() };
  });
  for (const [, b] of pairs) libc.send(b, new Uint8Array(1), 1n, 0);
  await done.promise;
  assertEquals(told.length, 1);
  assert(pairs.some(([a]) => a === reused), `${reused} is no number that was used before`);
  for (const [, b] of pairs) libc.close(b);
});

// Manticore 4057, moonbit 571: a copy of a descriptor keeps it in the set.
test("A descriptor that was copied leaves the set when its connection is closed", async () => {
  const libc = loadLibc();
  await using server = await createServer(() => new Echo(), { port: 0, network });
  const { transport } = await createConnection(() => ({}), { port: server.port, network });
  const fd = fdOf(transport);
  const copy = libc.fcntl(fd, F.DUPFD_CLOEXEC, 0);
  transport.close();
  await transport.closed;
  const isLeft = isWatched(copy);
  libc.close(copy);
  server.closeClients();
  assertEquals(isLeft, false);
});

// tokio 3405, Ktor 2237, ZooKeeper 2101: a client whose own port is the one it calls.
test("A connection to itself is refused", async () => {
  const port = freePort();
  await assertRejects(
    () =>
      createConnection(() => ({}), {
        port,
        network,
        localAddress: "127.0.0.1",
        localPort: port,
      }),
    Deno.errors.ConnectionRefused,
  );
});

// Varnish 3908, zio 521: a name in the abstract namespace is as long as its address says.
test("A name of the abstract namespace has no end but its own", async () => {
  const path = `\0sluice-${crypto.randomUUID()}`;
  const server = await createServer(() => new Echo(), { path, network });
  const table = await Deno.readTextFile("/proc/net/unix");
  assert(table.split("\n").some((line) => line.endsWith(` @${path.substring(1)}`)));
  using conn = await Deno.connect({ transport: "unix", path });
  await conn.write(Uint8Array.of(7));
  const answer = new Uint8Array(4);
  assertEquals([await conn.read(answer), answer[0]], [1, 7]);
  await server.shutdown({ grace: 0 });
});

// libuv 3034, RFC 2525 section 2.17: closing with unread bytes takes the answer away.
test("An answer arrives whole though bytes of the peer were not read", async () => {
  const answer = "no, thanks\n".repeat(2000);
  const answered = Promise.withResolvers<void>();
  const server = await createServer(() => ({
    connectionMade(transport: Transport): void {
      transport.pauseReading();
      transport.write(answer);
      answered.resolve();
    },
    connectionLost(): void {},
  }), { port: 0, network });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(new Uint8Array(200_000));
  await answered.promise;
  server.closeClients();
  let text = "";
  const memory = new Uint8Array(65_536);
  for (;;) {
    const n = await conn.read(memory);
    if (n === null) break;
    text += new TextDecoder().decode(memory.subarray(0, n));
  }
  assertEquals(text, answer);
  await server.shutdown({ grace: 0 });
});

/** Takes connections until there are no descriptors, lets them go, and takes another one. */
const OUT_OF_DESCRIPTORS = `
  import { createConnection, createServer } from "@sluice/net";
  import { epollNetwork as network } from "@sluice/net/epoll";
  // Deno prepares for signals about a second after it starts, and crashes if it has no descriptors
  // then: a listener has it do so now.
  const onSignal = () => {};
  Deno.addSignalListener("SIGCONT", onSignal);
  const full = Promise.withResolvers();
  let told = 0;
  const server = await createServer(() => ({ dataReceived: () => {} }), {
    port: 0,
    network,
    onError: (error) => {
      told++;
      full.resolve(error.code);
    },
  });
  const clients = [];
  try {
    for (;;) {
      clients.push((await createConnection(() => ({}), { port: server.port, network })).transport);
    }
  } catch (error) {
    console.log(error.code);
  }
  clients.pop()?.abort();
  console.log(await Promise.race([full.promise, "no need"]), told <= 1);
  for (const client of clients) client.abort();
  await Promise.all(clients.map(({ closed }) => closed));
  const { transport } = await createConnection(() => ({}), { port: server.port, network });
  transport.close();
  await transport.closed;
  await server.shutdown({ grace: 0 });
  Deno.removeSignalListener("SIGCONT", onSignal);
  console.log("goes on");
`;

// Twisted 5368, Bun 32705, libuv 690, node 45242: accept() fails for ever with EMFILE.
test("Out of descriptors, a server waits for some and goes on", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, OUT_OF_DESCRIPTORS);
  const config = new URL("../../../../deno.json", import.meta.url).pathname;
  const run = `ulimit -n 70; exec ${Deno.execPath()} run -A --no-check --config ${config} ${file}`;
  const { stdout, stderr } = await new Deno.Command("sh", { args: ["-c", run] }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals([lines[0], lines.at(-1)], ["EMFILE", "goes on"], new TextDecoder().decode(stderr));
  await Deno.remove(file);
});
