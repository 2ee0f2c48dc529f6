import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { openConnection, openDatagrams, startServer } from "@sluice/net";
import { HangError, simulate, SimulationError, type World } from "@sluice/net/testing";

const HERE = "tests/testing/simulation/answers/report_test.ts";

async function hang(main: (world: World) => Promise<unknown>): Promise<HangError> {
  return await assertRejects(() => simulate(main), HangError);
}

/** The waits of a host, as they are listed. */
function waitsOf(error: SimulationError, host: string): string[] {
  const found = error.run.waits.find((one) => one.host === host);
  assert(found !== undefined);
  return found.waits.map(({ what, where }) => `${what} at ${where?.replace(/:\d+:\d+$/, "")}`);
}

Deno.test("HangError says which line of the program waits, and for which addresses", async () => {
  const error = await hang(async (world) => {
    world.host("server", async () => {
      await using server = await startServer(async ({ reader }) => {
        for await (const _line of reader.lines());
      }, { hostname: "0.0.0.0", port: 7 });
      await server.serveForever();
    });
    await world.client("client", async () => {
      await using connection = await openConnection({ hostname: "server", port: 7 });
      await connection.reader.readexactly(5);
    });
  });
  assertEquals(waitsOf(error, "client"), [
    `StreamReader.readexactly at ${HERE}`,
    "read 10.0.0.3:49152 -> 10.0.0.2:7 at undefined",
  ]);
  assertEquals(waitsOf(error, "server"), [
    `ListeningStreamServer.serveForever at ${HERE}`,
    `StreamReader.lines at ${HERE}`,
    "read 10.0.0.2:7 <- 10.0.0.3:49152 at undefined",
    "accept 0.0.0.0:7 at undefined",
  ]);
  assertEquals(waitsOf(error, "main"), [`end of client "client" at ${HERE}`]);
});

Deno.test("HangError says where a program waits that uses Deno's own functions", async () => {
  const error = await hang(async (world) => {
    world.host("server", async () => {
      const listener = Deno.listen({ port: 9 });
      const conn = await listener.accept();
      await conn.write(Uint8Array.of(1));
      await listener.accept();
    });
    await world.client("client", async () => {
      const conn = await Deno.connect({ hostname: "server", port: 9 });
      await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 5 } });
      await conn.write(new Uint8Array(65_536));
      await conn.write(Uint8Array.of(1));
    });
  });
  assertEquals(waitsOf(error, "server"), [`accept 0.0.0.0:9 at ${HERE}`]);
  const [write = "", receive] = waitsOf(error, "client");
  assertEquals(write, `write of 1 B 10.0.0.3:49152 -> 10.0.0.2:9 at ${HERE}`);
  assertEquals(receive, "receive 0.0.0.0:5 at undefined");
});

Deno.test("HangError forgets the waits that have ended", async () => {
  const error = await hang(async () => {
    await using receiver = await openDatagrams({ localAddr: { port: 0 } });
    await using sender = await openDatagrams({ remoteAddr: { port: receiver.port } });
    for (let i = 0; i < 20; i++) {
      await sender.send("x");
      await receiver.receive();
    }
    await new Promise(() => {});
  });
  assertEquals(waitsOf(error, "main").length, 2);
});

Deno.test("SimulationError lists the faults of the schedule and of programs in their order", async () => {
  const { message } = await assertRejects(
    () =>
      simulate(async (world) => {
        world.host("a", () => {});
        await new Promise((resolve) => setTimeout(resolve, 10));
        world.partition("main", "a", { oneWay: true });
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw new Error("enough");
      }, {
        faults: [
          { at: 5, fault: { kind: "hold", a: "a" } },
          { at: 15, fault: { kind: "link", a: "a", conditions: { latency: 5 } } },
        ],
      }),
    SimulationError,
  );
  assertMatch(
    message,
    /\n {2}Faults:\n +5 ms {2}hold a\n +10 ms {2}partition main a oneWay, by the program\n +15 ms {2}link a conditions \{"latency":5\}\n/,
  );
});

Deno.test("simulate() fails when its faults name a host that never existed", async () => {
  const main = (world: World): Promise<void> => {
    world.host("server", () => {});
    return new Promise((resolve) => setTimeout(resolve, 1000));
  };
  const crash = (host: string, at: number) => ({ at, fault: { kind: "crash", host } as const });
  await assertRejects(
    () => simulate(main, { faults: [crash("server", 1), crash("sevrer", 2)] }),
    SimulationError,
    'its faults name host "sevrer", which never was; there were main, server',
  );
  // The time of this one has not come.
  await simulate(main, { faults: [crash("later", 2000)] });
});

Deno.test("SimulationError is short for any number of events", async () => {
  const faults = Array.from({ length: 500 }, (_, at) => ({ at, fault: { kind: "heal" } as const }));
  const { message } = await assertRejects(
    () =>
      simulate(async (world) => {
        for (let i = 0; i < 40; i++) world.host(`idle ${i}`, () => new Promise(() => {}));
        await new Promise((resolve) => setTimeout(resolve, 1000));
        throw new Error("x".repeat(10_000));
      }, { faults }),
    SimulationError,
  );
  assert(message.split("\n").length < 100);
  assert(message.length < 8000);
  assertStringIncludes(message, "… 470 more");
  assertStringIncludes(message, "… 21 more");
});
