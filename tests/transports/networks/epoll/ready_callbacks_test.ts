import { assertEquals, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { reactorOf } from "../../../../transports/networks/epoll/_reactor.ts";
import { Echo } from "../../../support/peers/echo.ts";
import {
  addReader,
  addWriter,
  removeReader,
  removeWriter,
} from "../../../../transports/networks/epoll/ready_callbacks.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";

function test(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore, fn });
}

/** Two connected sockets of the system, which are closed in the end. */
async function withPair(use: (a: number, b: number) => Promise<void> | void): Promise<void> {
  const libc = loadLibc();
  const fds = new Int32Array(2);
  libc.socketpair(1, 1 | 0o4000 | 0o2000000, 0, new Uint8Array(fds.buffer));
  const [a = -1, b = -1] = fds;
  try {
    await use(a, b);
  } finally {
    removeReader(a);
    removeWriter(a);
    libc.close(a);
    libc.close(b);
  }
}

/** The number of an open file, by the end of its path. */
function descriptorOf(name: string): number {
  const numbers = [...Deno.readDirSync("/proc/self/fd")].map((entry) => entry.name);
  const isIt = (fd: string): boolean => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${fd}`).endsWith(name);
    } catch {
      // The folder that is listed.
      return false;
    }
  };
  return Number(numbers.find(isIt));
}

test("addReader() calls back each turn while there is something, and no more once it is removed", () =>
  withPair(async (a, b) => {
    const libc = loadLibc();
    const memory = new Uint8Array(1);
    const seen: number[] = [];
    const done = Promise.withResolvers<void>();
    addReader(a, () => {
      libc.recv(a, memory, 1n, 0);
      if (seen.push(memory[0] ?? 0) === 3) done.resolve();
    });
    assertEquals(libc.send(b, Uint8Array.of(1, 2, 3), 3n, 0), 3);
    await done.promise;
    assertEquals(seen, [1, 2, 3]);
    assertEquals([removeReader(a), removeReader(a)], [true, false]);
  }));

test("addReader() replaces the callback, and calls back at the end of the peer", () =>
  withPair(async (a, b) => {
    const ended = Promise.withResolvers<void>();
    addReader(a, () => ended.reject(new Error("replaced")));
    addReader(a, ended.resolve);
    loadLibc().shutdown(b, 1);
    await ended.promise;
  }));

test("addWriter() calls back as soon as there is room, and beside a reader", () =>
  withPair(async (a) => {
    const writable = Promise.withResolvers<void>();
    addReader(a, () => writable.reject(new Error("nothing to read")));
    addWriter(a, writable.resolve);
    await writable.promise;
    assertEquals([removeWriter(a), removeReader(a)], [true, true]);
  }));

test("addReader() refuses a file, a descriptor of a connection and an invalid descriptor", async () => {
  using file = await Deno.open(new URL(import.meta.url));
  const fd = descriptorOf("ready_callbacks_test.ts");
  assertEquals((await file.stat()).isFile, true);
  assertThrows(() => addReader(fd, () => {}), Deno.errors.PermissionDenied, "os error 1");
  assertThrows(() => addReader(1_000_000, () => {}), Error, "os error 9");
  assertThrows(() => addReader(-1, () => {}), RangeError, "fd");
  assertThrows(() => addReader(2 ** 32 + fd, () => {}), RangeError, "from 0 to 2147483647");
  assertThrows(() => addReader(0, "x" as unknown as () => void), TypeError, "callback");

  const server = await createServer(() => ({}), { port: 0, network });
  const { transport } = await createConnection(() => ({}), { port: server.port, network });
  const socket = transport.getExtraInfo("socket") as unknown as { fd: number };
  assertThrows(() => addReader(socket.fd, () => {}), InvalidStateError, "is a connection's");
  transport.close();
  await transport.closed;
  await server.shutdown({ grace: 0 });
});

test("removeReader() of a descriptor that is closed already lets the process end", () => {
  const libc = loadLibc();
  const fd = libc.eventfd(0, 0o2000000);
  addReader(fd, () => {});
  libc.close(fd);
  assertEquals([removeReader(fd), removeReader(fd)], [true, false]);
  assertEquals(reactorOf(libc).size, 0);
});

/** How often a number is given back before another thread of the tests has not taken it. */
const MAX_ATTEMPTS = 100;

test("A callback of a descriptor that was closed has no part in the connection with its number", async () => {
  const libc = loadLibc();
  await using server = await createServer(() => new Echo(), { port: 0, network });
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const fd = libc.eventfd(0, 0o2000000);
    addReader(fd, () => {});
    libc.close(fd);
    const got = Promise.withResolvers<void>();
    const { transport } = await createConnection(() => ({ dataReceived: () => got.resolve() }), {
      port: server.port,
      network,
    });
    const { fd: number } = transport.getExtraInfo("socket") as unknown as { fd: number };
    const isReused = number === fd;
    if (isReused) {
      assertThrows(() => addReader(fd, () => {}), InvalidStateError, "a connection's");
      assertEquals(removeReader(fd), true);
      transport.write("hello");
      await got.promise;
    } else removeReader(fd);
    transport.close();
    await transport.closed;
    if (isReused) return server.closeClients();
  }
  throw new Error(
    `No connection got the number of a closed descriptor in ${MAX_ATTEMPTS} attempts`,
  );
});
