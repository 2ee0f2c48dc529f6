import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  openConnection,
  openDatagrams,
  openUnixConnection,
  startServer,
  startUnixServer,
} from "@sluice/net";
import { simulate, type SimulationOptions, type World } from "@sluice/net/testing";
import { udpPacket } from "../../../../testing/simulation/capture/udp_packet.ts";
import { untilStill } from "../../../support/time/event_loop.ts";
import { outputOf, testWith } from "../../../support/peers/outside_peer.ts";

const START = Date.UTC(2027, 0, 1);

/** Runs a world and has tshark read its capture, with every checksum checked. */
async function read(
  main: (world: World) => unknown,
  fields: readonly string[],
  { filter, ...options }: SimulationOptions & { readonly filter?: string } = {},
): Promise<string[][]> {
  const path = await Deno.makeTempFile({ suffix: ".pcapng" });
  try {
    await simulate(main, { ...options, capture: path }).catch(() => {});
    const checks = ["ip", "tcp", "udp"].flatMap((name) => ["-o", `${name}.check_checksum:TRUE`]);
    const columns = fields.flatMap((field) => ["-e", field]);
    const filters = filter === undefined ? [] : ["-Y", filter];
    const args = [
      "-r",
      path,
      "-N",
      "n",
      ...checks,
      "-T",
      "fields",
      "-E",
      "separator=|",
      ...columns,
    ];
    const text = await outputOf("tshark", [...args, ...filters]);
    return text.split("\n").filter((line) => line !== "").map((line) => line.split("|"));
  } finally {
    await Deno.remove(path);
  }
}

async function echo(): Promise<void> {
  await using server = await startServer(async ({ reader, writer }) => {
    for (;;) {
      const chunk = await reader.read(10_000);
      if (chunk.length === 0) return;
      writer.write(chunk);
      await writer.drain();
    }
  }, { hostname: "0.0.0.0", port: 7777 });
  await server.serveForever();
}

async function conversation(world: World): Promise<void> {
  world.host("server", echo);
  await world.client("client", async () => {
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    await using connection = await openConnection({ hostname: "server", port: 7777 });
    connection.writer.write("hello");
    await connection.reader.readexactly(5);
    connection.writer.writeEof();
    await connection.reader.read();
  });
}

/** Nothing that tshark finds wrong, but the resets and retransmissions that there were. */
const WRONG = "tcp.analysis.lost_segment or tcp.analysis.ack_lost_segment or " +
  "tcp.checksum.status == 0 or ip.checksum.status == 0 or udp.checksum.status == 0 or " +
  "_ws.malformed or tcp.analysis.out_of_order";

testWith("tshark", "The capture of a world has a whole connection, for tshark", async () => {
  const fields = ["ip.src", "tcp.flags.str", "tcp.seq", "tcp.ack", "tcp.len", "tcp.stream"];
  const packets = await read(conversation, fields, { latency: 10, segmentSize: 1460 });
  assertEquals(
    packets.map(([source, flags = "", ...rest]) => {
      return [source, flags.replaceAll("·", ""), ...rest].join(" ");
    }),
    [
      "10.0.0.3 S 0 0 0 0",
      "10.0.0.2 AS 0 1 0 0",
      "10.0.0.3 A 1 1 0 0",
      "10.0.0.3 AP 1 1 5 0",
      "10.0.0.2 A 1 6 0 0",
      "10.0.0.2 AP 1 6 5 0",
      "10.0.0.3 A 6 6 0 0",
      "10.0.0.3 AF 6 6 0 0",
      "10.0.0.2 A 6 7 0 0",
      "10.0.0.2 AF 6 7 0 0",
      "10.0.0.3 A 7 7 0 0",
    ],
  );
  assertEquals(await read(conversation, ["frame.number"], { filter: WRONG }), []);
});

testWith("tshark", "The capture of a world has virtual times, and the names of hosts", async () => {
  const fields = ["frame.time_epoch", "ip.src_host", "tcp.analysis.ack_rtt"];
  const packets = await read(conversation, fields, { latency: 10, lookupLatency: 5 });
  // An hour, the look-up, and then one way after the other.
  const times = packets.map(([time]) => Math.round(1000 * Number(time)) - START - 3_600_005);
  assertEquals(times.filter((_, i) => i < 4), [0, 10, 20, 20]);
  const names = new Set(packets.map(([, name]) => name));
  assertEquals([...names].sort(), ["client", "server"]);
  const trips = packets.map(([, , trip]) => trip).filter((trip) => trip !== "");
  assert(trips.every((trip) => Math.abs(Number(trip) - 0.01) < 1e-5), trips.join());
});

testWith("tshark", "The capture of a world follows losses, faults and resets", async () => {
  const main = async (world: World): Promise<void> => {
    world.host("server", echo);
    await world.client("client", async () => {
      await using connection = await openConnection({ hostname: "server", port: 7777 });
      const all = new Uint8Array(200_000).fill(65);
      connection.writer.write(all);
      await connection.reader.readexactly(all.length);
      world.crash("server", { process: true });
      await connection.reader.read().catch(() => {});
      world.inject({ kind: "partition", a: "client" });
      await assertRejects(() =>
        openConnection({ hostname: "server", port: 7777, signal: AbortSignal.timeout(3000) })
      );
      world.heal();
      await assertRejects(() => openConnection({ hostname: "server", port: 7777 }));
    });
  };
  for (const seed of [1, 2, 3]) {
    const options = { seed, loss: 0.05 };
    const wrong = WRONG.replace(" or tcp.analysis.out_of_order", "");
    assertEquals(await read(main, ["frame.number"], { ...options, filter: wrong }), []);
    const again = await read(main, ["frame.number"], {
      ...options,
      filter: "tcp.analysis.retransmission",
    });
    assert(again.length > 5, `${again.length} retransmissions`);
    const resets = await read(main, ["tcp.seq", "tcp.ack"], {
      ...options,
      filter: "tcp.flags.reset == 1 and tcp.ack == 1",
    });
    assert(resets.length > 0 && resets.every((one) => one.join() === "1,1"), resets.join());
    const comments = await read(main, ["frame.comment"], { ...options, filter: "frame.comment" });
    const text = comments.join("\n");
    assertMatch(text, /ms: crash server process/);
    assertMatch(text, /ms: partition client/);
  }
});

testWith(
  "tshark",
  "The capture of a world has datagrams, one packet for all members of a group",
  async () => {
    const main = async (world: World): Promise<void> => {
      const isReady = [0, 1, 2].map(() => Promise.withResolvers<void>());
      for (const [i, ready] of isReady.entries()) {
        world.host(`member${i}`, async () => {
          const localAddr = { hostname: "0.0.0.0", port: 5000 };
          await using socket = await openDatagrams({ localAddr });
          await socket.transport.joinGroup("239.1.2.3");
          ready.resolve();
          await socket.receive();
          await new Promise(() => {});
        });
      }
      await Promise.all(isReady.map(({ promise }) => promise));
      await using socket = await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 0 } });
      await socket.send("to all", { transport: "udp", hostname: "239.1.2.3", port: 5000 });
      await socket.send(new Uint8Array(), { transport: "udp", hostname: "10.0.0.2", port: 5000 });
      await new Promise((resolve) => setTimeout(resolve, 100));
    };
    const fields = ["ip.src", "ip.dst", "udp.dstport", "udp.length", "data.data"];
    assertEquals(await read(main, fields), [
      ["10.0.0.1", "239.1.2.3", "5000", "14", "746f20616c6c"],
      ["10.0.0.1", "10.0.0.2", "5000", "8", ""],
    ]);
    assertEquals(await read(main, ["frame.number"], { filter: WRONG }), []);
  },
);

testWith(
  "tshark",
  "The capture of a world keeps the loopback addresses of hosts apart",
  async () => {
    const main = async (world: World): Promise<void> => {
      const alone = async (): Promise<void> => {
        await using server = await startServer(({ reader }) => reader.read(), { port: 7777 });
        await using _client = await openConnection({ port: server.port });
        await using _unix = await startUnixServer(({ reader }) => reader.read(), {
          path: "/run/x",
        });
        await using _other = await openUnixConnection({ path: "/run/x" });
        await new Promise((resolve) => setTimeout(resolve, 100));
      };
      await Promise.all([world.client("a", alone), world.client("b", alone)]);
    };
    const fields = ["ip.src", "ip.dst", "frame.comment"];
    const opened = await read(main, fields, {
      filter: "tcp.flags.syn == 1 and tcp.flags.ack == 0",
    });
    assertEquals(opened.map((one) => one.join(" ").trim()).sort(), [
      "127.0.0.1 127.0.0.1",
      "127.0.0.1 127.0.0.1 unix /run/x",
      "127.0.0.2 127.0.0.2",
      "127.0.0.2 127.0.0.2 unix /run/x",
    ]);
    assertEquals(await read(main, ["frame.number"], { filter: WRONG }), []);
  },
);

testWith(
  "tshark",
  "The capture of a world has IPv6, and segments longer than packets",
  async () => {
    const main = async (world: World): Promise<void> => {
      world.host("server", async () => {
        await using server = await startServer(({ reader }) => reader.read(), {
          hostname: "::",
          port: 7777,
        });
        await server.serveForever();
      }, { address: "fd00::2" });
      await world.client("client", async () => {
        await using connection = await openConnection({ hostname: "server", port: 7777 });
        connection.writer.write(new Uint8Array(200_000));
        await connection.writer.drain();
        await using socket = await openDatagrams({ remoteAddr: { hostname: "fd00::2", port: 9 } });
        await socket.send("datagram");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }, { address: "fd00::3" });
    };
    const options = { window: 500_000, segmentSize: 150_000 };
    const fields = ["ipv6.src", "tcp.len", "udp.length", "ipv6.src_host"];
    const packets = await read(main, fields, options);
    assertEquals(packets.map(([, , , name]) => name).includes("client"), true);
    assert(packets.filter(([source]) => source === "fd00::3").length > 4);
    assert(packets.some(([, length]) => length === "65000"));
    assert(packets.some(([, , length]) => length === "16"));
    assertEquals(await read(main, ["frame.number"], { ...options, filter: WRONG }), []);
  },
);

Deno.test("A capture does not change the run", async () => {
  const pieces: Uint8Array[] = [];
  const plain = await simulate(conversation, { seed: 5 });
  const captured = await simulate(conversation, {
    seed: 5,
    capture: (bytes) => void pieces.push(bytes),
    timeline: () => {},
  });
  assertEquals(captured, plain);
  assert(pieces.length > 0);
});

Deno.test("simulate() waits for the sink of a capture: what waits does not grow with the run", async () => {
  const size = 64 * 1_048_576;
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let received = 0;
  let written = 0;
  const running = simulate(async (world) => {
    world.host("server", async () => {
      await using server = await startServer(async ({ readable }) => {
        for await (const chunk of readable) {
          received += chunk.length;
          begun.resolve();
        }
      }, { hostname: "0.0.0.0", port: 7 });
      await server.serveForever();
    });
    await world.client("client", async () => {
      await using client = await openConnection({ hostname: "server", port: 7 });
      const chunk = new Uint8Array(65_536);
      for (let sent = 0; sent < size; sent += chunk.length) {
        client.writer.write(chunk);
        await client.writer.drain();
      }
    });
  }, {
    segmentSize: 32_768,
    capture: (bytes) => {
      written += bytes.length;
      return gate.promise;
    },
  });
  await begun.promise;
  await untilStill(() => received);
  assert(received > 0 && received < size / 4, `${received} bytes in the meantime`);
  gate.resolve();
  await running;
  assert(written > size, "everything was captured");
});

Deno.test("simulate() fails when a capture cannot be written, unless the run has failed", async () => {
  const capture = "/there/is/no/such/folder/run.pcapng";
  await assertRejects(() => simulate(() => {}, { capture }), Deno.errors.NotFound);
  await assertRejects(
    () => simulate(() => {}, { timeline: "/there/is/no/such/folder/run.svg" }),
    Deno.errors.NotFound,
  );
  await assertRejects(() => simulate(() => {}, { capture: "" }), TypeError, "capture");
});

Deno.test("udpPacket() has a sum that adds up to nothing, of even and odd lengths", () => {
  for (const ip of [Uint8Array.of(10, 0, 0, 1), new Uint8Array(16).fill(7)]) {
    for (const length of [0, 1, 2, 3, 1000, 65_507]) {
      const data = new Uint8Array(length).fill(255);
      const packet = udpPacket({ ip, port: 1 }, { ip, port: 2 }, data);
      const head = ip.length === 4 ? 20 : 40;
      let sum = 17 + 8 + length;
      for (let i = head - 2 * ip.length; i < packet.length; i += 2) {
        sum += ((packet[i] ?? 0) << 8) + (packet[i + 1] ?? 0);
      }
      assertEquals(sum % 65_535, 0, `${length} bytes`);
    }
  }
});
