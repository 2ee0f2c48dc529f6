import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { ByteSink, Carrier } from "../../../../transports/core/carrier.ts";
import { bindDatagrams } from "../../../../transports/networks/epoll/datagrams/bind_datagrams.ts";
import { connect } from "../../../../transports/networks/epoll/streams/connect.ts";
import type { Libc } from "../../../../transports/networks/epoll/libc/libc.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { listen } from "../../../../transports/networks/epoll/streams/listen.ts";
import { reactorOf } from "../../../../transports/networks/epoll/_reactor.ts";
import { FailingLibc } from "../../../support/doubles/failing_libc.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import { reactorRests } from "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";
// Opened before the tests, to which it would be a leak.
if (!ignore) loadLibc();
const EAGAIN = 11;
const EMFILE = 24;
const ENOSPC = 28;
const ENOTCONN = 107;
const DROPPED = { endedBy: "abort", error: null } as const;

function test(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore, fn });
}

/** Resolves at the first thing that a connection tells. */
function first(carrier: Carrier): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const sink: ByteSink = {
    isAsking: () => true,
    takesBulk: true,
    receive: (memory, n) => {
      resolve(new TextDecoder().decode(memory.subarray(0, n)));
      return true;
    },
    delivered: () => Promise.resolve(),
    end: () => Promise.resolve(resolve("end")),
    fail: (error) => resolve(`${error}`),
  };
  (carrier.source as { start(sink: ByteSink): void }).start(sink);
  return promise;
}

interface Place {
  readonly hostname?: string;
  readonly path?: string;
}

/** Listens, connects, accepts, and sends a word: throws at the first step that fails. */
async function visit(libc: Libc, place: Place): Promise<string> {
  const carriers: Carrier[] = [];
  const listener = await listen(libc, place, { fastOpen: place.path === undefined });
  const accepting = listener.accept();
  const taken = accepting.then((carrier) => void carriers.push(carrier), () => {});
  try {
    const port = "port" in listener.address ? { port: listener.address.port } : {};
    const { signal } = new AbortController();
    const client = await connect(libc, { ...place, ...port }, {
      signal,
      ...(place.hostname !== undefined && { localAddress: place.hostname }),
      userTimeout: 1000,
    });
    carriers.push(client);
    const said = first(await accepting);
    await client.write(new TextEncoder().encode("hello"));
    return await said;
  } finally {
    listener.close();
    await taken;
    for (const carrier of carriers) carrier.close(DROPPED);
  }
}

/** Binds two endpoints, and sends one datagram. */
async function send(libc: Libc, place: Place, other: Place): Promise<void> {
  const carriers: { close(): void }[] = [];
  try {
    const from = bindDatagrams(libc, place, {}, null);
    carriers.push(from);
    const to = bindDatagrams(libc, other, {}, null);
    carriers.push(to);
    const got = Promise.withResolvers<void>();
    const onError = (error: unknown) => got.reject(error);
    to.start({
      receive: () => {
        got.resolve();
        return "copied";
      },
      fail: onError,
      lose: onError,
    });
    from.send(new Uint8Array(3), to.address, (error) => error !== null && got.reject(error));
    await got.promise;
  } finally {
    for (const carrier of carriers) carrier.close();
  }
}

/** Does something again and again; each time another one of its calls fails. */
async function failEach(act: (libc: Libc) => Promise<unknown>, path?: string): Promise<void> {
  let outcome = "";
  for (let index = 0; outcome !== "all went well"; index++) {
    const system = new FailingLibc((_, call) => call === index ? EMFILE : 0);
    outcome = await act(system.libc).then(() => "went well", (error) => `${error}`);
    const failed = system.calls[index] ?? "nothing";
    if (failed === "nothing") outcome = `all ${outcome}`;
    const message = `${failed} failed: ${outcome}`;
    await reactorRests();
    assertEquals([...system.open], [], message);
    assertEquals(system.faults, [], message);
    assertEquals(reactorOf(system.libc).size, 0, message);
    if (path !== undefined) assertThrows(() => Deno.lstatSync(path), Deno.errors.NotFound);
    assert(index < 200, message);
  }
}

for (const hostname of ["127.0.0.1", "::1"]) {
  test(`Each descriptor is closed once, for a failure of any call of a connection to ${hostname}`, () =>
    failEach((libc) => visit(libc, { hostname })));
}

test("Descriptors and file are gone, for a failure of any call of a Unix connection", async () => {
  const path = await socketPath();
  await failEach((libc) => visit(libc, { path }), path);
});

test("Each descriptor is closed once, for a failure of any call of endpoints", () =>
  failEach((libc) => send(libc, { hostname: "127.0.0.1" }, { hostname: "127.0.0.1" })));

test("Descriptors and files are gone, for a failure of any call of Unix endpoints", async () => {
  const path = await socketPath();
  const other = await socketPath();
  await failEach((libc) => send(libc, { path }, { path: other }), path);
  assertThrows(() => Deno.lstatSync(other), Deno.errors.NotFound);
});

test("A Unix endpoint whose receiver has no room asks again later, and keeps no processor busy", async () => {
  let failures = 5;
  const system = new FailingLibc((name) => name === "sendto" && failures-- > 0 ? EAGAIN : 0);
  const path = await socketPath();
  const endpoint = bindDatagrams(system.libc, { path }, {}, null);
  const before = system.calls.length;
  const sent = Promise.withResolvers<unknown>();
  endpoint.send(new Uint8Array(3), endpoint.address, sent.resolve);
  assertEquals(await sent.promise, null);
  const calls = system.calls.slice(before).filter((name) => /epoll_ctl|sendto/.test(name));
  assertEquals(calls, new Array(6).fill("sendto"));
  endpoint.close();
});

test("A closed endpoint sends to no socket, and the send fails", async () => {
  const system = new FailingLibc(() => 0);
  const endpoint = bindDatagrams(system.libc, {}, {}, null);
  endpoint.close();
  const before = system.calls.length;
  const sent = Promise.withResolvers<unknown>();
  endpoint.send(new Uint8Array(3), endpoint.address, sent.resolve);
  assertInstanceOf(await sent.promise, Deno.errors.Interrupted);
  await assertRejects(
    async () => await endpoint.joinGroup?.("224.0.0.99", {}),
    Deno.errors.Interrupted,
  );
  assertEquals(system.calls.slice(before), []);
});

test("Closing an endpoint that waits for room ends the wait", async () => {
  const { libc } = new FailingLibc((name) => name === "sendto" ? EAGAIN : 0);
  const endpoint = bindDatagrams(libc, { path: await socketPath() }, {}, null);
  const sent = Promise.withResolvers<unknown>();
  endpoint.send(new Uint8Array(3), endpoint.address, sent.resolve);
  endpoint.close();
  assertInstanceOf(await sent.promise, Deno.errors.Interrupted);
});

test("A socket that the program listens with is adopted by no other listener", async () => {
  const { libc } = new FailingLibc(() => 0);
  const { promise: opened, resolve } = Promise.withResolvers<number>();
  const socket = libc.socket;
  Object.defineProperty(libc, "socket", {
    value: (...args: Parameters<typeof socket>) => {
      const fd = socket(...args);
      resolve(fd);
      return fd;
    },
  });
  const listener = await listen(libc, {}, {});
  const fd = await opened;
  await assertRejects(() => listen(libc, { fd }, {}), TypeError, "in use by this program");
  listener.close();
});

test("connect() with a signal that aborts during the look-up connects to nothing", async () => {
  const system = new FailingLibc(() => 0);
  const abort = new AbortController();
  const lookup = () => {
    queueMicrotask(() => abort.abort(new RangeError("given up")));
    return ["127.0.0.1"];
  };
  const connecting = connect(system.libc, { hostname: "a.test", port: 9 }, {
    signal: abort.signal,
    lookup,
  });
  await assertRejects(() => connecting, RangeError, "given up");
  assertEquals(system.calls.includes("socket"), false);
});

test("A reactor that could not be opened opens later", async () => {
  let isFull = true;
  const { libc, open } = new FailingLibc((name) => isFull && name === "epoll_ctl" ? ENOSPC : 0);
  await assertRejects(() => visit(libc, {}), Error, "os error 28");
  isFull = false;
  assertEquals(await visit(libc, {}), "hello");
  assertEquals(open.size, 0);
});

test("A connection without an address, as of a fast open that waits, has the one it was made to", async () => {
  const { libc } = new FailingLibc((name) => name === "getpeername" ? ENOTCONN : 0);
  const listener = await listen(libc, {}, {});
  const port = "port" in listener.address ? listener.address.port : 0;
  const client = await connect(libc, { port }, { signal: new AbortController().signal });
  const expected = { transport: "tcp", hostname: "127.0.0.1", port } as const;
  assertEquals(client.getExtraInfo("peername"), expected);
  client.close(DROPPED);
  listener.close();
});

test("A backlog of any size is asked for as a number of the system", async () => {
  const { libc } = new FailingLibc(() => 0);
  const asked: number[] = [];
  const listenOn: Libc["listen"] = (fd, backlog) => {
    asked.push(backlog);
    return libc.listen(fd, backlog);
  };
  for (const backlog of [1, 2 ** 31 - 1, 2 ** 32 + 1]) {
    (await listen({ ...libc, listen: listenOn, errno: 0 }, {}, { backlog })).close();
  }
  assertEquals(asked, [1, 2 ** 31 - 1, 2 ** 31 - 1]);
});

for (const errno of [64, 71, 92, 95, 100, 101, 112, 113]) {
  test(`A connection that fails with errno ${errno} before it is accepted is passed over`, async () => {
    let failures = 3;
    const { libc } = new FailingLibc((name) => name === "accept4" && failures-- > 0 ? errno : 0);
    assertEquals(await visit(libc, {}), "hello");
  });
}

test("A closed connection writes to no socket, whose number may be another's", async () => {
  const system = new FailingLibc(() => 0);
  const listener = await listen(system.libc, {}, {});
  const port = "port" in listener.address ? listener.address.port : 0;
  const client = await connect(system.libc, { port }, { signal: new AbortController().signal });
  client.close(DROPPED);
  const before = system.calls.length;
  assertThrows(() => client.write(new Uint8Array(1)), Deno.errors.Interrupted);
  await assertRejects(async () => await client.closeWrite?.(), Deno.errors.Interrupted);
  client.close({ ...DROPPED, reset: true });
  assertEquals(system.calls.slice(before), []);
  listener.close();
});

test("A write that cannot wait for room throws, and leaves no promise", async () => {
  let isFull = false;
  const { libc } = new FailingLibc((name) => {
    if (!isFull) return 0;
    return name === "send" ? EAGAIN : name === "epoll_ctl" ? ENOSPC : 0;
  });
  const listener = await listen(libc, {}, {});
  const port = "port" in listener.address ? listener.address.port : 0;
  const client = await connect(libc, { port }, { signal: new AbortController().signal });
  isFull = true;
  assertThrows(() => client.write(new Uint8Array(1)), Error, "os error 28");
  isFull = false;
  client.close(DROPPED);
  listener.close();
});

test("A handler that throws leaves the others theirs", async () => {
  const { libc } = new FailingLibc(() => 0);
  const reactor = reactorOf(libc);
  const thrown = Promise.withResolvers<unknown>();
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    thrown.resolve(event.error);
  };
  globalThis.addEventListener("error", onError, { once: true });
  const fd = libc.eventfd(1, 0o2000000);
  const watch = reactor.open(fd, {
    onReady: () => {
      watch.close();
      throw new RangeError("of a handler");
    },
  });
  const other = libc.eventfd(0, 0o2000000);
  const keeper = reactor.open(other, { onReady: () => {} });
  watch.interest = 1;
  assertEquals(`${await thrown.promise}`, "RangeError: of a handler");
  assertEquals(await visit(libc, {}), "hello");
  keeper.close();
});
