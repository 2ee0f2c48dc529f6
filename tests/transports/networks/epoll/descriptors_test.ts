import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { Random } from "../../../../testing/conformance/random.ts";
import { relay } from "../../../../streams/relay.ts";
import { openConnection, openUnixConnection } from "../../../../streams/open_connection.ts";
import { startServer } from "../../../../streams/servers/start_server.ts";
import { StreamConnection } from "../../../../streams/stream_connection.ts";
import { connectCarrier } from "../../../../transports/core/connect_carrier.ts";
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import { counters } from "../../../../transports/layers/counters.ts";
import { adoptSocket } from "../../../../transports/networks/epoll/descriptors/adopt_socket.ts";
import type { Descriptor } from "../../../../transports/networks/epoll/descriptors/descriptor.ts";
import { detachSocket } from "../../../../transports/networks/epoll/descriptors/detach_socket.ts";
import { listeningSockets } from "../../../../transports/networks/epoll/descriptors/listening_sockets.ts";
import {
  type DescriptorReader,
  receiveDescriptors,
} from "../../../../transports/networks/epoll/descriptors/receive_descriptors.ts";
import { sendDescriptors } from "../../../../transports/networks/epoll/descriptors/send_descriptors.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { readDescriptors } from "../../../../transports/networks/epoll/libc/descriptor_messages.ts";
import { sendFile } from "../../../../transports/send_file.ts";
import { alone } from "../../../support/runs/alone_test.ts";
import { assertDescriptors, openDescriptors } from "../../../support/runs/open_descriptors.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import { decode, pattern } from "../../../support/text.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";
const peer = new URL("descriptor_peer.py", import.meta.url).pathname;
const program = new URL("descriptor_program.ts", import.meta.url).pathname;
const config = new URL("../../../../deno.json", import.meta.url).pathname;

/** The permissions of a program on Unix sockets: of all libraries, the C library. */
function confined(): readonly string[] {
  const libraries = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"];
  const found = libraries.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  return found === undefined ? ["-A"] : [`--allow-ffi=${found}`, "--allow-read", "--allow-write"];
}

/** A test after which the process has open what it had before. */
function test(name: string, fn: () => Promise<void> | void): void {
  Deno.test({
    name,
    ignore,
    fn: alone(import.meta.url, name, async () => {
      const before = openDescriptors();
      await fn();
      await assertDescriptors(before);
    }),
  });
}

/** Both ends of a Unix connection; the second receives descriptors. */
async function withChannel(
  use: (a: StreamConnection, b: StreamConnection, received: DescriptorReader) => Promise<void>,
  options: { readonly receives?: boolean; readonly maxUnread?: number } = {},
): Promise<void> {
  const { receives = true, ...limits } = options;
  const path = await socketPath();
  const used = Promise.withResolvers<void>();
  await using _server = await startServer(async (b) => {
    try {
      const received = receives ? receiveDescriptors(b.transport, limits) : null;
      await use(a, b, received as DescriptorReader);
      used.resolve();
    } catch (error) {
      used.reject(error);
    }
  }, { path, network });
  await using a = await openUnixConnection({ path, network });
  await used.promise;
}

/** Both ends of a TCP connection. */
async function withTcp(
  use: (client: StreamConnection, accepted: StreamConnection) => Promise<void>,
): Promise<void> {
  const accepted = Promise.withResolvers<StreamConnection>();
  const over = Promise.withResolvers<void>();
  await using server = await startServer(async (connection) => {
    accepted.resolve(connection);
    await over.promise;
  }, { port: 0, network });
  await using client = await openConnection({ port: server.port, network });
  try {
    await use(client, await accepted.promise);
  } finally {
    over.resolve();
  }
}

async function adopt(socket: Descriptor): Promise<StreamConnection> {
  return StreamConnection.over((await connectCarrier(() => ({}), adoptSocket(socket))).transport);
}

/** Runs a peer that connects to a Unix socket, for the length of `use`. */
async function withPeer(
  command: readonly [string, ...string[]],
  use: (channel: StreamConnection, received: DescriptorReader) => Promise<void>,
): Promise<void> {
  const path = await socketPath();
  const used = Promise.withResolvers<void>();
  await using _server = await startServer(async (channel) => {
    try {
      await use(channel, receiveDescriptors(channel.transport));
      used.resolve();
    } catch (error) {
      used.reject(error);
    }
  }, { path, network });
  const [name, ...args] = command;
  const child = new Deno.Command(name, { args: args.map((one) => one === "PATH" ? path : one) })
    .spawn();
  await used.promise;
  assertEquals((await child.status).code, 0);
}

testWith("python3", "A live TCP connection goes to Python and back", async () => {
  if (ignore) return;
  await withTcp((client, accepted) =>
    withPeer(["python3", peer, "use", "PATH"], async (channel, received) => {
      {
        using socket = detachSocket(accepted.transport);
        assert(sendDescriptors(channel.transport, [socket, socket], "take"));
      }
      assertEquals(decode(await client.reader.readexactly(23)), "python has 2 after take");
      client.writer.write("this");
      assertEquals(decode(await channel.reader.readexactly(9)), "back this");
      const back = await received.read();
      assert(back !== null);
      await using connection = await adopt(back);
      assertEquals(back.isOpen, false);
      connection.writer.write("again");
      connection.writer.writeEof();
      assertEquals(decode(await client.reader.read()), "again");
    })
  );
});

test("A live TCP connection goes to another Deno process and back, confined to the C library", () =>
  withTcp((client, accepted) => {
    const run = ["run", "--no-check", "--config", config, ...confined(), program, "PATH"];
    return withPeer([Deno.execPath(), ...run], async (channel, received) => {
      let { transport } = accepted;
      for (const word of ["one", "two"]) {
        {
          using socket = detachSocket(transport);
          sendDescriptors(channel.transport, [socket], `${word}\n`);
        }
        assertEquals(
          decode(await client.reader.readline()),
          `${word} from another process\n`,
        );
        assertEquals(decode(await channel.reader.readline()), "done\n");
        const back = await received.read();
        assert(back !== null);
        transport = (await adopt(back)).transport;
      }
      transport.close();
      assertEquals((await client.reader.read()).length, 0);
    });
  }));

testWith("python3", "A listening socket of Python becomes a server here", async () => {
  if (ignore) return;
  await withPeer(["python3", peer, "listen", "PATH"], async (channel, received) => {
    const port = Number(decode(await channel.reader.readline()));
    const socket = await received.read();
    assert(socket !== null);
    assertThrows(() => adoptSocket(socket), TypeError, "no connected stream socket");
    await using server = await startServer(({ writer }) => void writer.write("welcome"), {
      fd: socket.fd,
      network,
    });
    assertEquals([server.port, socket.isOpen], [port, false]);
    await using client = await openConnection({ port });
    assertEquals(decode(await client.reader.read()), "welcome");
  });
});

test("A server goes on with copies of the sockets of another, and no client is refused", async () => {
  const greet = (word: string) => ({ writer }: StreamConnection) => void writer.write(word);
  const old = await startServer(greet("old"), { hostname: "localhost", port: 0, network });
  const { port } = old;
  const sockets = listeningSockets(old);
  assertEquals(sockets.length, old.addresses.length);
  const servers = await Promise.all(
    sockets.map(({ fd }) => startServer(greet("new"), { fd, network })),
  );
  assertEquals(sockets.map(({ isOpen }) => isOpen), sockets.map(() => false));
  await old.shutdown({ grace: 0 });
  assertThrows(() => listeningSockets(old), TypeError, "listens on epollNetwork");
  await using client = await openConnection({ port, network });
  assertEquals(decode(await client.reader.read()), "new");
  for (const server of servers) await server.shutdown({ grace: 0 });
});

test("A server goes on with a copy of a Unix socket, whose file stays for it", async () => {
  const greet = (word: string) => ({ writer }: StreamConnection) => void writer.write(word);
  const path = await socketPath();
  const old = await startServer(greet("old"), { path, network });
  const [socket] = listeningSockets(old);
  assert(socket !== undefined);
  const server = await startServer(greet("new"), { fd: socket.fd, network });
  await old.shutdown({ grace: 0 });
  await using client = await openUnixConnection({ path, network });
  assertEquals(decode(await client.reader.read()), "new");
  await server.shutdown({ grace: 0 });
  // The file that is left is dead, and the next server takes the name.
  await using next = await startServer(greet("next"), { path, network });
  await using other = await openUnixConnection({ path, network });
  assertEquals(decode(await other.reader.read()), "next");
  await next.shutdown({ grace: 0 });
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

test("Descriptors come with the bytes that they were sent with, in their order", () =>
  withChannel(async (a, b, received) => {
    const pipes = await Promise.all([Deno.makeTempFile(), Deno.makeTempFile()]);
    const files = await Promise.all(
      pipes.map((path) => import("node:fs").then((fs) => fs.openSync(path, "r"))),
    );
    const { closeSync } = await import("node:fs");
    a.writer.write("a");
    for (const [i, fd] of files.entries()) {
      sendDescriptors(a.transport, [fd], `${i}`);
      // The peer has a copy.
      closeSync(fd);
      a.writer.write("-");
    }
    for (const [i, path] of pipes.entries()) {
      await b.reader.readuntil(`${i}`);
      using descriptor = await received.read();
      assert(descriptor !== null);
      assertEquals(await Deno.readLink(`/proc/self/fd/${descriptor.fd}`), path);
      const flags = /flags:\s+(\d+)/.exec(
        await Deno.readTextFile(`/proc/self/fdinfo/${descriptor.fd}`),
      );
      assertEquals(parseInt(flags?.[1] ?? "", 8) & 0o2000000, 0o2000000, "close-on-exec");
      await Deno.remove(path);
    }
  }));

test("More bytes than the system takes at once go with descriptors, and writes follow", () =>
  withChannel(async (a, b, received) => {
    const bytes = pattern(1_000_000);
    const before = openDescriptors().length;
    assertEquals(sendDescriptors(a.transport, [0, 0], bytes), false);
    assertEquals(a.transport.getWriteBufferSize() > 0, true);
    a.writer.write("end");
    assertEquals(await b.reader.readexactly(bytes.length), bytes);
    assertEquals(decode(await b.reader.readexactly(3)), "end");
    assertEquals(openDescriptors().length - before >= 0, true);
    for (let i = 0; i < 2; i++) (await received.read())?.close();
  }));

test("Descriptors that are not adopted are closed with the connection, read or not", async () => {
  let left: Descriptor | null = null;
  let kept = -1;
  let reader: DescriptorReader | undefined;
  await withChannel(async (a, b, received) => {
    reader = received;
    sendDescriptors(a.transport, [0, 0, 0], "three");
    await b.reader.readexactly(5);
    left = await received.read();
    kept = (await received.read())?.release() ?? -1;
  });
  assertEquals((left as Descriptor | null)?.isOpen, false);
  assertEquals(await reader?.read(), null);
  assertThrows(() => (left as Descriptor | null)?.fd, InvalidStateError, "closed or taken over");
  assert(kept > 2);
  loadLibc().close(kept);
});

test("A thousand descriptors that come and go leave none open", () =>
  withChannel(async (a, b, received) => {
    const before = openDescriptors().length;
    for (let i = 0; i < 250; i++) {
      sendDescriptors(a.transport, [0, 0, 0, 0], "four");
      await b.reader.readexactly(4);
      for (let j = 0; j < 4; j++) (await received.read())?.close();
    }
    assertEquals(openDescriptors().length, before);
  }));

test("Without receiveDescriptors() the system closes what is sent", () =>
  withChannel(async (a, b) => {
    const before = openDescriptors();
    sendDescriptors(a.transport, [0], "x");
    assertEquals(decode(await b.reader.readexactly(1)), "x");
    await assertDescriptors(before);
  }, { receives: false }));

test("A connection that is aborted drops the copies of what it did not send", () =>
  withChannel(async (a, b) => {
    b.transport.pauseReading();
    const before = openDescriptors().length;
    a.writer.write(pattern(4_000_000));
    sendDescriptors(a.transport, [0, 0], "late");
    a.transport.abort();
    await a.closed;
    assert(openDescriptors().length <= before);
  }));

test("DescriptorReader.read() waits, obeys a signal, and loses nothing by it", () =>
  withChannel(async (a, _b, received) => {
    const controller = new AbortController();
    const waiting = received.read({ signal: controller.signal });
    controller.abort(new Error("Enough"));
    await assertRejects(() => waiting, Error, "Enough");
    const next = received.read();
    sendDescriptors(a.transport, [0], "x");
    using descriptor = await next;
    assert(descriptor !== null && descriptor.isOpen);
  }));

test("A peer that sends more descriptors than are read is cut off", () =>
  withChannel(async (a, b) => {
    for (let i = 0; i < 5; i++) sendDescriptors(a.transport, [0], "x");
    const { error } = await b.closed;
    assert(error instanceof Deno.errors.InvalidData, String(error));
    assert(error.message.includes("more than 4"), error.message);
  }, { maxUnread: 4 }));

testWith(
  "python3",
  "A message whose descriptors the process cannot take ends the connection",
  async () => {
    if (ignore) return;
    const path = await socketPath();
    const code = `
    import { startUnixServer } from "@sluice/net";
    import { epollNetwork as network, receiveDescriptors } from "@sluice/net/epoll";
    const server = await startUnixServer(async ({ transport, reader }) => {
      receiveDescriptors(transport);
      await reader.read().catch((error) => console.log(error.name, error.message));
      const { length } = [...Deno.readDirSync("/proc/self/fd")];
      console.log(length < 60 ? "closed" : length);
      server.close();
    }, { path: ${JSON.stringify(path)}, network });
    console.log("ready");
  `;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, code);
    const deno = `ulimit -n 80; exec "$0" run -A --no-check --config "$1" "$2"`;
    const child = new Deno.Command("sh", {
      args: ["-c", deno, Deno.execPath(), config, file],
      stdout: "piped",
    }).spawn();
    let printed = "";
    let python: Deno.ChildProcess | undefined;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += chunk;
      if (printed.includes("ready")) {
        python ??= new Deno.Command("python3", { args: [peer, "many", path, "60"] }).spawn();
      }
    }
    await Promise.all([child.status, python?.status, Deno.remove(file)]);
    assert(/^ready\nBusy .*too many open.*\nclosed\n$/.test(printed), printed);
  },
);

test("sendDescriptors() refuses invalid descriptors before it sends anything", () =>
  withChannel(async (a, b) => {
    const { transport } = a;
    const refused: [unknown, unknown, new () => Error, string][] = [
      [undefined, "x", TypeError, "descriptors undefined is not a list"],
      [5, "x", TypeError, "descriptors 5 is not a list"],
      [[], "x", RangeError, "there are 0, give 1 to 253"],
      [Array(254).fill(0), "x", RangeError, "there are 254"],
      [[0, 999_999], "x", TypeError, "999999 is not open"],
      [[-1], "x", RangeError, "descriptor"],
      [["1"], "x", TypeError, "descriptor"],
      [[0], "", TypeError, "give at least one byte"],
      [[0], 5, TypeError, "5"],
    ];
    const before = openDescriptors();
    for (const [descriptors, data, type, words] of refused) {
      assertThrows(
        () => sendDescriptors(transport, descriptors as number[], data as string),
        type,
        words,
      );
    }
    assertEquals(openDescriptors(), before);
    assertThrows(() => receiveDescriptors(b.transport), InvalidStateError, "does so already");
    const file = await Deno.makeTempFile();
    const sending = sendFile(transport, file);
    assertThrows(() => sendDescriptors(transport, [0], "x"), InvalidStateError, "await that first");
    await sending;
    await Deno.remove(file);
    transport.writeEof();
    assertThrows(() => sendDescriptors(transport, [0], "x"), InvalidStateError, "writeEof");
  }));

test("Descriptors need a Unix connection on epollNetwork without layers", () =>
  withTcp(async (_client, accepted) => {
    const path = await socketPath();
    await using _server = await startServer(() => {}, { path, network });
    await using layered = await openUnixConnection({ path, network, layers: [counters()] });
    for (const { transport } of [accepted, layered]) {
      assertThrows(() => sendDescriptors(transport, [0], "x"), TypeError, "without layers");
      assertThrows(() => receiveDescriptors(transport), TypeError, "without layers");
    }
    assertThrows(() => detachSocket(layered.transport), TypeError, "without layers");
  }));

test("detachSocket() ends the connection here, and the peer notices nothing", () =>
  withTcp(async (client, accepted) => {
    const { transport } = accepted;
    transport.write("queued");
    assertThrows(() => detachSocket(transport), InvalidStateError, "await flush() first");
    await accepted.writer.flush();
    const socket = detachSocket(transport);
    const { endedBy, error, bytesUnsent } = await transport.closed;
    assertEquals([endedBy, error, bytesUnsent], ["local", null, 0]);
    assertThrows(() => detachSocket(transport), InvalidStateError, "closed");
    assertEquals((await accepted.reader.read()).length, 0);
    client.writer.write("for the next");
    await using next = await adopt(socket);
    assertEquals(decode(await next.reader.readexactly(12)), "for the next");
    next.writer.write("!");
    assertEquals(decode(await client.reader.readexactly(7)), "queued!");
  }));

test("Bytes that were read before a socket is detached go with it as data", () =>
  withTcp((client, accepted) =>
    withChannel(async (a, b, received) => {
      client.writer.write("first line\nand more");
      assertEquals(decode(await accepted.reader.readline()), "first line\n");
      assertEquals(decode(await accepted.reader.peek(8)), "and more");
      const early = accepted.reader.takeBuffered();
      {
        using socket = detachSocket(accepted.transport);
        sendDescriptors(a.transport, [socket], early);
      }
      assertEquals(decode(await b.reader.readexactly(8)), "and more");
      const socket = await received.read();
      assert(socket !== null);
      await using next = await adopt(socket);
      client.writer.write(" later");
      assertEquals(decode(await next.reader.readexactly(6)), " later");
    })
  ));

test("detachSocket() does not leave received bytes that were not delivered", () =>
  withTcp(async (_client, accepted) => {
    const { transport } = accepted;
    const delivered = Promise.withResolvers<void>();
    transport.setProtocol({ dataReceived: () => delivered.resolve() }, pattern(5));
    assertThrows(() => detachSocket(transport), InvalidStateError, "wait to be delivered");
    await delivered.promise;
    using socket = detachSocket(transport);
    assert(socket.isOpen);
  }));

test("detachSocket() in dataReceived() hands over a connection whose first bytes were seen", () =>
  withTcp(async (client, accepted) => {
    const handedOver = Promise.withResolvers<Descriptor>();
    const { transport } = accepted;
    transport.setProtocol({ dataReceived: () => handedOver.resolve(detachSocket(transport)) });
    client.writer.write("GET");
    await using next = await adopt(await handedOver.promise);
    client.writer.write(" /");
    assertEquals(decode(await next.reader.readexactly(2)), " /");
  }));

test("adoptSocket() refuses a descriptor that is not a connected stream socket, which stays open", async () => {
  const { openSync, closeSync } = await import("node:fs");
  const file = openSync("/dev/null", "r");
  assertThrows(() => adoptSocket(file), TypeError, `fd ${file} is no connected stream socket`);
  closeSync(file);
  assertThrows(() => adoptSocket(999_999), TypeError, "999999");
  assertThrows(() => adoptSocket(-1), RangeError, "descriptor");
  assertThrows(() => adoptSocket(0, { nodelay: true } as object), TypeError, "nodelay");
  await withTcp((_client, accepted) => {
    const { fd } = accepted.transport.getExtraInfo("socket") as unknown as { fd: number };
    assertThrows(() => adoptSocket(fd), TypeError, "this library has open");
    return Promise.resolve();
  });
});

Deno.test("readDescriptors() takes numbers out of any bytes, and none from beyond them", () => {
  const random = new Random(7);
  for (let i = 0; i < 5000; i++) {
    const bytes = random.bytes(random.below(120));
    const found = readDescriptors(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    assert(4 * found.length <= bytes.length);
  }
});

test("sendDescriptors() after writeEof() throws, and leaves no copy open", () =>
  withChannel((a) => {
    const { fd } = a.transport.getExtraInfo("socket") as unknown as { fd: number };
    a.writer.writeEof();
    assertThrows(
      () => sendDescriptors(a.transport, [fd, fd], "x"),
      InvalidStateError,
      "writeEof()",
    );
    return Promise.resolve();
  }));

test("relay() leaves descriptors to be read, also if they are asked for after it began", () =>
  withTcp((client, accepted) =>
    withChannel(async (a, b) => {
      const { fd } = a.transport.getExtraInfo("socket") as unknown as { fd: number };
      const relayed = relay(b, accepted);
      const received = receiveDescriptors(b.transport);
      sendDescriptors(a.transport, [fd], "with one");
      assertEquals(decode(await client.reader.readexactly(8)), "with one");
      using descriptor = await received.read();
      assert(descriptor?.isOpen);
      a.close();
      client.close();
      await relayed;
    }, { receives: false })
  ));

test("detachSocket() does not take the socket while a file is being sent", () =>
  withTcp(async (client, accepted) => {
    const path = await Deno.makeTempFile();
    await Deno.writeFile(path, pattern(10));
    const sending = sendFile(accepted.transport, path);
    assertThrows(() => detachSocket(accepted.transport), InvalidStateError, "a file is being sent");
    await sending;
    assertEquals(await client.reader.readexactly(10), pattern(10));
    await Deno.remove(path);
  }));

test("An endpoint takes a socket over that has come as a descriptor", () =>
  withChannel(async (a, b, received) => {
    const open = async (place: Partial<Parameters<typeof createDatagramEndpoint>[1]>) => {
      const got = Promise.withResolvers<string>();
      const datagramReceived = (data: Uint8Array) => got.resolve(decode(data));
      const options = { ...place, network };
      const { transport } = await createDatagramEndpoint(() => ({ datagramReceived }), options);
      return { transport, got: got.promise };
    };
    const first = await open({ localAddr: {} });
    const { fd } = first.transport.getExtraInfo("socket") as unknown as { fd: number };
    const { port } = first.transport;
    sendDescriptors(a.transport, [fd], "x");
    first.transport.close();
    await first.transport.closed;
    const descriptor = await received.read();
    assert(descriptor !== null);
    const second = await open({ fd: descriptor.fd });
    assert(!descriptor.isOpen);
    // The connection has nothing left to close.
    a.close();
    b.close();
    await b.transport.closed;
    second.transport.sendto("still there", { hostname: "127.0.0.1", port });
    assertEquals(await second.got, "still there");
    second.transport.close();
    await second.transport.closed;
  }));
