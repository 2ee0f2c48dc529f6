import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { openDatagrams } from "../../../streams/datagrams/open_datagrams.ts";
import { simulate } from "../../../testing/simulation/simulate.ts";
import { SimulationError } from "../../../testing/simulation/simulation_error.ts";
import type { SimulationOptions } from "../../../testing/simulation/simulation_options.ts";
import type { World } from "../../../testing/simulation/world/world.ts";

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}

/** The error of a run whose function throws. */
async function thrownIn(main: (world: World) => unknown): Promise<unknown> {
  return (await assertRejects(() => simulate(main), SimulationError)).cause;
}

Deno.test("simulate() fails when the host of its function crashes, and puts the globals back", async () => {
  const { setTimeout, Date: RealDate } = globalThis;
  const error = await assertRejects(
    () =>
      simulate(async (world) => {
        world.crash("main");
        await sleep(1);
      }),
    SimulationError,
  );
  assert(error.message.includes('host "main" crashed, so its function has no result'));
  assertEquals([globalThis.setTimeout, globalThis.Date], [setTimeout, RealDate]);
});

Deno.test("World.restart() of the only client that runs does not end the world", async () => {
  const { value } = await simulate(async (world) => {
    if (world.now > 0) return "second";
    await sleep(10);
    world.restart("main");
    return "first";
  });
  assertEquals(value, "second");
});

Deno.test("A world waits for a client that crashed and starts again by itself", async () => {
  const starts: number[] = [];
  await simulate((world) => {
    void world.client("client", async () => {
      starts.push(world.now);
      await sleep(10);
      if (starts.length === 1) world.crash("client");
    }, { restart: 100 });
  });
  assertEquals(starts, [0, 110]);
});

Deno.test("World.inject() and the option faults refuse invalid faults", async () => {
  const cases: [unknown, string][] = [
    [null, "null is not a fault"],
    [{ kind: "crash" }, "fault.host is missing"],
    [{ kind: "crash", host: 5 }, "fault.host 5 is not a string"],
    [{ kind: "partition" }, "fault.a is missing"],
    [{ kind: "partition", a: "main", b: "main" }, "and itself"],
    [{ kind: "skew", host: "main", milliseconds: NaN }, "fault.milliseconds NaN"],
    [{ kind: "connects", host: "main", answer: "no" }, 'fault.answer "no"'],
    [{ kind: "link", a: "main", conditions: { latncy: 1 } }, 'did you mean "latency"'],
    [{ kind: "link", a: "main", conditions: { latency: -1 } }, "fault.conditions.latency -1"],
    [{ kind: "lookups", delay: Infinity }, "fault.delay Infinity"],
    [{ kind: "toString" }, 'there is no kind "toString"'],
  ];
  for (const [fault, problem] of cases) {
    const error = await thrownIn((world) => world.inject(fault as never));
    assert(error instanceof TypeError || error instanceof RangeError);
    assert(error.message.includes(problem), error.message);
    const faults = [{ at: 1, fault }] as unknown as SimulationOptions["faults"];
    await assertRejects(
      () => simulate(() => {}, { ...faults && { faults } }),
      Error,
      `faults[0].fault`,
    );
  }
  for (const at of [NaN, -1, Infinity, undefined]) {
    const faults = [{ at, fault: { kind: "heal" } }] as never;
    await assertRejects(() => simulate(() => {}, { faults }), Error, "faults[0].at");
  }
});

Deno.test("World.host() refuses invalid names, programs and options", async () => {
  const main = () => {};
  const cases: [unknown[], string][] = [
    [["", main], 'name "" cannot'],
    [["127.0.0.1", main], "cannot be the name"],
    [["*", main], "cannot be the name"],
    [[5, main], "name 5 is not a string"],
    [["localhost", main], 'there is host "localhost" already'],
    [["MAIN", main], "already"],
    [["a"], "main undefined is not a function"],
    [["a", main, { restart: NaN }], "restart NaN"],
    [["a", main, { restrat: 1 }], 'did you mean "restart"'],
    [["a", main, { address: "somewhere" }], "is not the address of one host"],
    [["a", main, { address: "0.0.0.0" }], "is not the address of one host"],
  ];
  for (const [args, problem] of cases) {
    const error = await thrownIn((world) => Reflect.apply(world.host, world, args));
    assertInstanceOf(error, Error);
    assert(error.message.includes(problem), error.message);
  }
});

Deno.test("World.rule() and World.subscribe() refuse values that are not functions", async () => {
  await simulate((world) => {
    assertThrows(() => world.rule(5 as never), TypeError, "rule 5 is not a function");
    assertThrows(() => world.subscribe(5 as never), TypeError, "listener 5 is not a function");
    const between = ["a"] as never;
    assertThrows(() => world.rule(() => {}, { between }), TypeError, "between");
  });
});

Deno.test("A host is found by its name in any case", async () => {
  await simulate(async (world) => {
    world.host("Server", () => {}, { address: "10.9.8.7" });
    assertEquals(await Deno.resolveDns("Server", "A"), ["10.9.8.7"]);
    assertEquals(await Deno.resolveDns("server", "A"), ["10.9.8.7"]);
  });
});

Deno.test("Timers of a world take odd values as the real ones do", async () => {
  await simulate(async (world) => {
    for (const delay of [NaN, -1, Infinity, 2 ** 53, "x", undefined]) {
      assertThrows(() => AbortSignal.timeout(delay as never), TypeError, "is not a time");
    }
    const { promise, resolve } = Promise.withResolvers<unknown>();
    AbortSignal.timeout("20" as never).onabort = resolve;
    let fired = false;
    const timer = setTimeout(() => fired = true, 5);
    clearTimeout(String(Number(timer)) as never);
    await promise;
    assertEquals([world.now, fired], [20, false]);
  });
});

Deno.test("simulate() reports a thrown value that cannot be shown", async () => {
  const thrown = {
    toString(): string {
      throw new Error("no text");
    },
  };
  const error = await assertRejects(
    () => simulate(() => Promise.reject(thrown)),
    SimulationError,
    'host "main" failed: an object',
  );
  assertEquals(error.cause, thrown);
});

Deno.test("World.heal() of everything looks at existing partitions only", async () => {
  const hosts = 300;
  await simulate(async (world) => {
    for (let i = 0; i < hosts; i++) world.host(`host${i}`, () => {});
    // All pairs, a thousand times, would be 180,000,000 ways.
    for (let i = 0; i < 1000; i++) {
      world.partition("host0", "host1");
      world.heal();
    }
    world.host("server", async () => {
      const listener = Deno.listen({ hostname: "0.0.0.0", port: 7 });
      (await listener.accept()).close();
      listener.close();
    });
    await sleep(1);
    world.partition("main");
    world.heal();
    (await Deno.connect({ hostname: "server", port: 7 })).close();
    assert(world.now < 1000);
  });
});

Deno.test("simulate() sends the datagrams that wait for room", async () => {
  const { value } = await simulate(async () => {
    await using receiver = await openDatagrams({ localAddr: { hostname: "127.0.0.1", port: 9 } });
    await using sender = await openDatagrams({
      remoteAddr: { hostname: "127.0.0.1", port: 9 },
    });
    sender.transport.setWriteBufferLimits({ high: 0 });
    const sent = ["first", "second", "third"].map((data) => sender.send(data));
    const received: string[] = [];
    for await (const { data } of receiver) {
      received.push(new TextDecoder().decode(data));
      if (received.length === 3) break;
    }
    await Promise.all(sent);
    return received;
  });
  assertEquals(value, ["first", "second", "third"]);
});
