/** Public reports on other systems: clients that come late, or stop half-way. */
import { assert, assertEquals } from "@std/assert";
import { simulate } from "@sluice/net/testing";
import { openConnection } from "../../../streams/open_connection.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { epollNetwork } from "../../../transports/networks/epoll/epoll_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";
import { decode } from "../../support/text.ts";
import "../../support/runs/reactor_rests.ts";

/** Connects, and tells how that ended. */
async function visit(port: number): Promise<string> {
  try {
    using conn = await Deno.connect({ port });
    return await conn.read(new Uint8Array(1)) === null ? "end" : "bytes";
  } catch {
    return "refused";
  }
}

for (const network of [denoNetwork, nodeNetwork, epollNetwork]) {
  const test = (name: string, fn: () => Promise<void>): void => {
    const ignore = network === epollNetwork && Deno.build.os !== "linux";
    Deno.test({ name: `${name} on ${network.name}`, ignore, fn });
  };

  test("Clients that come while shutdown() runs all end, and none is served after it", async () => {
    let begun = 0;
    let ended = 0;
    const server = await startServer(async ({ reader }) => {
      begun++;
      await reader.read().catch(() => {});
      ended++;
    }, { port: 0, network });
    const { port } = server;
    const visits: Promise<string>[] = [];
    for (let i = 0; i < 20; i++) visits.push(visit(port));
    const shutDown = server.shutdown({ grace: 0 });
    for (let i = 0; i < 20; i++) {
      visits.push(visit(port));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await shutDown;
    const [begunBefore, endedBefore] = [begun, ended];
    const outcomes = await Promise.all(visits);
    assert(!outcomes.includes("bytes"));
    assertEquals([begun, ended], [begunBefore, endedBefore]);
    assertEquals(begun, ended);
  });

  test("A client that still sends gets the whole answer if its server reads to the end", async () => {
    const answer = 400_000;
    await using server = await startServer(async ({ reader, writer }) => {
      await reader.readexactly(10);
      writer.write(new Uint8Array(answer));
      writer.writeEof();
      while ((await reader.read(65_536)).length > 0);
    }, { port: 0, network });
    await using client = await openConnection({ port: server.port });
    const received = client.reader.read();
    for (let i = 0; i < 40; i++) {
      client.writer.write(new Uint8Array(50_000));
      await client.writer.drain();
    }
    client.writer.writeEof();
    assertEquals((await received).length, answer);
  });

  test("Clients that stop in mid-handshake do not hold up the others", async () => {
    const hello = Uint8Array.of(22, 3, 1, 0, 100, 1);
    await using server = await startServer(({ writer }) => void writer.write("here"), {
      port: 0,
      network,
      tls: localhost,
    });
    const stopped = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const conn = await Deno.connect({ port: server.port });
      await conn.write(hello.subarray(0, i % hello.length));
      return conn;
    }));
    for (let i = 0; i < 3; i++) {
      await using client = await openConnection({ port: server.port, tls: trusting });
      assertEquals(decode(await client.reader.read()), "here");
    }
    for (const conn of stopped) conn.close();
  });
}

Deno.test("A client that is gone before it is accepted does not hide the next one in a world", async () => {
  await simulate(async (world) => {
    world.host("server", async () => {
      await using server = await startServer(({ writer }) => void writer.write("here"), {
        hostname: "0.0.0.0",
        port: 7,
      });
      server.pauseAccepting();
      setTimeout(() => server.resumeAccepting(), 500);
      await server.serveForever();
    });
    const place = { hostname: "server", port: 7 };
    await world.client("first", async () => {
      const { transport } = await openConnection(place);
      transport.abort({ reset: true });
      await transport.closed;
    });
    await world.client("second", async () => {
      await using client = await openConnection(place);
      assertEquals(decode(await client.reader.read()), "here");
    });
  });
});
