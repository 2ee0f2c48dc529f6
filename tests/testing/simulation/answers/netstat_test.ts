import { assertEquals, assertThrows } from "@std/assert";
import {
  openConnection,
  openDatagrams,
  openUnixConnection,
  startServer,
  startUnixServer,
} from "@sluice/net";
import { simulate, type World } from "@sluice/net/testing";

function statesOf(world: World, host: string): string[] {
  return world.netstat(host).sockets.map(({ protocol, state, local, remote }) =>
    `${protocol} ${local} ${remote} ${state}`.trim()
  );
}

Deno.test("World.netstat() lists the sockets of every host with their queues", async () => {
  const table = await simulate(async (world) => {
    const accepted = Promise.withResolvers<void>();
    world.host("server", async () => {
      const listener = Deno.listen({ port: 7, tcpBacklog: 16 });
      await using _datagrams = await openDatagrams({
        localAddr: { hostname: "0.0.0.0", port: 53 },
      });
      await accepted.promise;
      const conn = await listener.accept();
      await conn.read(new Uint8Array(10));
      await new Promise(() => {});
    });
    return await world.client("client", async () => {
      await using first = await openConnection({ hostname: "server", port: 7 });
      await using _second = await openConnection({ hostname: "server", port: 7 });
      first.writer.write(new Uint8Array(100));
      await new Promise((resolve) => setTimeout(resolve, 1000));
      accepted.resolve();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { sockets } = world.netstat();
      assertEquals(sockets.map(({ receiveQueue, sendQueue }) => [receiveQueue, sendQueue]), [
        [1, 16],
        [90, 0],
        [0, 0],
        [0, 0],
        [0, 90],
        [0, 0],
      ]);
      return String(world.netstat());
    });
  }, { latency: 1 });
  assertEquals(table.value.split("\n"), [
    "Host    Proto  Recv-Q  Send-Q  Local Address   Foreign Address  State",
    "server  tcp         1      16  0.0.0.0:7       *                LISTEN",
    "server  tcp        90       0  10.0.0.2:7      10.0.0.3:49152   ESTABLISHED",
    "server  tcp         0       0  10.0.0.2:7      10.0.0.3:49153   ESTABLISHED",
    "server  udp         0       0  0.0.0.0:53      *",
    "client  tcp         0      90  10.0.0.3:49152  10.0.0.2:7       ESTABLISHED",
    "client  tcp         0       0  10.0.0.3:49153  10.0.0.2:7       ESTABLISHED",
  ]);
});

Deno.test("World.netstat() follows a connection from its opening to its end", async () => {
  await simulate(async (world) => {
    world.host("server", async () => {
      await using server = await startServer(({ reader }) => reader.read(), {
        hostname: "0.0.0.0",
        port: 7,
      });
      await server.serveForever();
    });
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
    await world.client("client", async () => {
      await pause();
      world.hold("client");
      const opening = openConnection({ hostname: "server", port: 7 });
      await pause();
      assertEquals(statesOf(world, "client"), ["tcp 10.0.0.3:49152 10.0.0.2:7 SYN_SENT"]);
      world.release("client");
      await using connection = await opening;
      assertEquals(statesOf(world, "client"), ["tcp 10.0.0.3:49152 10.0.0.2:7 ESTABLISHED"]);
      world.hold("server");
      connection.writer.writeEof();
      await pause();
      assertEquals(statesOf(world, "client"), ["tcp 10.0.0.3:49152 10.0.0.2:7 FIN_WAIT1"]);
      world.release("server");
      await connection.reader.read();
      connection.writer.close();
      await connection.transport.closed;
      assertEquals(statesOf(world, "client"), []);
      assertEquals(statesOf(world, "server"), ["tcp 0.0.0.0:7 * LISTEN"]);
    });
  });
});

Deno.test("World.netstat() lists Unix sockets by their paths", async () => {
  await simulate(async (world) => {
    await using _server = await startUnixServer(({ reader }) => reader.read(), { path: "/run/x" });
    await using _client = await openUnixConnection({ path: "/run/x" });
    assertEquals(statesOf(world, "main"), [
      "unix /run/x * LISTEN",
      "unix unix /run/x ESTABLISHED",
      "unix /run/x unix ESTABLISHED",
    ]);
  });
});

Deno.test("World.netstat() refuses an unknown host", async () => {
  await simulate((world) => {
    assertThrows(() => world.netstat("mian"), TypeError, 'no host "mian"; there are main');
  });
});
