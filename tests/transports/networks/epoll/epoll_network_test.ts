import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openConnection } from "../../../../streams/open_connection.ts";
import { startServer } from "../../../../streams/servers/start_server.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { createUnixConnection } from "../../../../transports/create_connection.ts";
import {
  createEpollNetwork,
  epollNetwork as network,
} from "../../../../transports/networks/epoll/epoll_network.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import "../../../support/runs/reactor_rests.ts";
import { freePort } from "../../../support/places/free_port.ts";

const ignore = Deno.build.os !== "linux";
const config = new URL("../../../../deno.json", import.meta.url).pathname;

function test(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore, fn });
}

/** Runs a program with the given permissions; gives what it printed, with the code of its end. */
async function run(permissions: readonly string[], program: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", "--config", config, ...permissions, file],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return `${code} ${decoder.decode(stdout)}${code === 0 ? "" : decoder.decode(stderr)}`.trim();
  } finally {
    await Deno.remove(file);
  }
}

/** Asks an echo server, and closes everything. */
const exchange = `
  import { openConnection, startServer } from "@sluice/net";
  import { epollNetwork as network } from "@sluice/net/epoll";
  try {
    const server = await startServer(async ({ reader, writer }) => {
      writer.write(await reader.readline());
    }, { port: 0, network });
    const client = await openConnection({ port: server.port, network });
    client.writer.write("hello\\n");
    console.log(new TextDecoder().decode(await client.reader.readline()).trim());
    client.writer.close();
    await server.shutdown();
  } catch (error) {
    console.log(error.name, error.message);
  }
`;

test("A program on epollNetwork ends by itself when everything is closed", async () => {
  assertEquals(await run(["-A"], exchange), "0 hello");
});

test("epollNetwork needs no permission but that for the C library", async () => {
  const paths = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"];
  const found = paths.filter((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  if (found.length > 0) assertEquals(await run([`--allow-ffi=${found[0]}`], exchange), "0 hello");
});

test("Without --allow-ffi epollNetwork names the flag and another network", async () => {
  const printed = await run(["--allow-net"], exchange);
  assert(/TypeError Cannot .*needs ffi access.*--allow-ffi=\/.*nodeNetwork/.test(printed), printed);
});

test("A library that is not there is a TypeError that names it", async () => {
  const elsewhere = createEpollNetwork({ library: "/nowhere/libc.so.6" });
  await assertRejects(
    () => createServer(() => ({}), { port: 0, network: elsewhere }),
    TypeError,
    "/nowhere/libc.so.6",
  );
  assertThrows(
    () => createEpollNetwork({ libary: "x" } as Record<string, string>),
    TypeError,
    "libary",
  );
});

/** Connects and closes everything three times, and compares the descriptors. */
const DESCRIPTORS = `
  import { createConnection, createServer } from "@sluice/net";
  import { epollNetwork as network } from "@sluice/net/epoll";
  const list = () => [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync("/proc/self/fd/" + name)];
    } catch {
      return [];
    }
  }).filter((name) => /^socket|event/.test(name)).map((name) => name.replace(/\\d+/, "")).sort();
  // Deno prepares for signals about a second after it starts: a listener has it do so now.
  const onSignal = () => {};
  Deno.addSignalListener("SIGCONT", onSignal);
  const before = list();
  for (let i = 0; i < 3; i++) {
    const server = await createServer(() => ({}), { port: 0, network });
    const { transport } = await createConnection(() => ({}), { port: server.port, network });
    transport.close();
    await transport.closed;
    await server.shutdown({ grace: 0 });
  }
  console.log(before.join() === list().join() ? "none left" : before.join() + " became " + list().join());
  Deno.removeSignalListener("SIGCONT", onSignal);
`;

test("epollNetwork leaves no descriptor when the last connection is gone", async () => {
  assertEquals(await run(["-A"], DESCRIPTORS), "0 none left");
});

test("A client of a Unix server whose backlog is full waits, and obeys its signal", async () => {
  const path = await socketPath();
  await using _server = await createServer(() => ({}), {
    path,
    network,
    backlog: 1,
    startServing: false,
  });
  const abort = new AbortController();
  const connect = () => createUnixConnection(() => ({}), { path, network, signal: abort.signal });
  const waiting = await Promise.all([connect(), connect()]);
  const late = connect();
  abort.abort(new RangeError("given up"));
  await assertRejects(() => late, RangeError, "given up");
  for (const { transport } of waiting) {
    transport.close();
    await transport.closed;
  }
});

test("A refused connection has the class, code and words of Deno's", async () => {
  const port = freePort();
  const [ours, denos] = await Promise.all([
    assertRejects(() => openConnection({ port, network }), Deno.errors.ConnectionRefused),
    assertRejects(() => openConnection({ port }), Deno.errors.ConnectionRefused),
  ]);
  assertEquals(ours.message, denos.message);
});

test("epollNetwork connects from a local address and port, and to a name", async () => {
  await using server = await startServer(({ writer }) => {
    const peer = writer.getExtraInfo("peername");
    writer.write(peer !== null && "hostname" in peer ? peer.hostname : "?");
  }, { port: 0, network });
  for (const hostname of ["127.0.0.1", "localhost"]) {
    await using client = await openConnection({
      hostname,
      port: server.port,
      network,
      localAddress: "127.0.0.7",
      lookup: () => ["127.0.0.1"],
    });
    assertEquals(new TextDecoder().decode(await client.reader.read()), "127.0.0.7");
  }
});

test("The other address of a name is tried when the first one refuses", async () => {
  await using server = await startServer(({ writer }) => writer.write("here"), {
    port: 0,
    network,
  });
  await using client = await openConnection({
    hostname: "two.test",
    port: server.port,
    network,
    lookup: () => ["::1", "127.0.0.1"],
  });
  assertEquals(new TextDecoder().decode(await client.reader.read()), "here");
});
