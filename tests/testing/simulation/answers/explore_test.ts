import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { openConnection, openDatagrams, startServer, type StreamConnection } from "@sluice/net";
import {
  explore,
  type ExploreOptions,
  HangError,
  NondeterminismError,
  simulate,
  SimulationError,
  type World,
} from "@sluice/net/testing";

async function echoLines(): Promise<void> {
  await using server = await startServer(async ({ reader, writer }) => {
    for await (const line of reader.lines()) writer.write(`${line}\n`);
  }, { hostname: "0.0.0.0", port: 7 });
  await server.serveForever();
}

async function ask({ reader, writer }: StreamConnection, line: string): Promise<string> {
  writer.write(`${line}\n`);
  const answer = await reader.readline({ signal: AbortSignal.timeout(8000) });
  return new TextDecoder().decode(answer).trimEnd();
}

/** A client that asks once a second, for a minute. `onError` decides what becomes of a failure. */
function questions(onError: (error: unknown) => void): (world: World) => Promise<void> {
  return async (world) => {
    world.host("server", echoLines);
    world.host("bystander", () => new Promise(() => {}));
    await world.client("client", async () => {
      for (let i = 0; i < 60; i++) {
        try {
          await using connection = await openConnection({ hostname: "server", port: 7 });
          assertEquals(await ask(connection, `question ${i}`), `question ${i}`);
        } catch (error) {
          onError(error);
        }
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    });
  };
}

const fragile = questions((error) => {
  throw error;
});

function failureOf(
  main: (world: World) => Promise<unknown>,
  options: ExploreOptions,
): Promise<SimulationError> {
  return assertRejects(() => explore(main, options), SimulationError);
}

Deno.test("explore() tries the given number of seeds, each of them another run", async () => {
  const seeds: number[] = [];
  const exploration = await explore((world) => {
    seeds.push(world.seed);
    return new Promise((resolve) => setTimeout(resolve, 1000));
  }, { runs: 5, seed: 2 ** 32 - 2 });
  assertEquals(seeds, [2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2]);
  assertEquals([exploration.runs, exploration.virtualTime], [5, 5000]);
});

Deno.test("explore() shrinks the faults to those that matter, with trouble and end together", async () => {
  const error = await failureOf(fragile, { chaos: { interval: 1000 } });
  const kinds = error.run.faults.map(({ fault }) => fault.kind);
  assert(kinds.length <= 2, error.message);
  const hosts = error.run.faults.flatMap(({ fault }) => Object.values(fault));
  assert(!hosts.includes("bystander"), error.message);
  assertStringIncludes(error.message, "made simpler in");
});

Deno.test("explore() leaves out a fault that shares its end with the fault that matters", async () => {
  const [needed, other] = [{ a: "client", b: "server" }, { a: "bystander", b: "server" }];
  // Fails when the client was cut off and is so no more.
  const main = async (world: World): Promise<void> => {
    for (const name of ["server", "bystander"]) world.host(name, () => new Promise(() => {}));
    const healed = Promise.withResolvers<void>();
    let isCut = false;
    using _subscription = world.subscribe((event) => {
      if (event.kind !== "fault") return;
      if (event.fault.kind === "partition") isCut ||= event.fault.a === needed.a;
      else if (isCut) healed.resolve();
    });
    await world.client("client", async () => {
      await healed.promise;
      throw new Error("cut and healed");
    });
  };
  const error = await failureOf(main, {
    swarm: false,
    faults: [
      { at: 1000, fault: { kind: "partition", ...other } },
      { at: 2000, fault: { kind: "partition", ...needed } },
      { at: 3000, fault: { kind: "partition", ...needed } },
      { at: 4000, fault: { kind: "heal" } },
    ],
  });
  const faults = error.run.faults.map(({ fault }) => fault);
  assertEquals(faults, [{ kind: "partition", ...needed }, { kind: "heal" }], error.message);
});

Deno.test("explore() gives options with which simulate() fails alike", async () => {
  for (const seed of [1, 100, 200]) {
    const error = await failureOf(fragile, { seed, chaos: { interval: 2000 } });
    const again = await assertRejects(
      () => simulate(fragile, { ...error.run.options, seed: error.run.seed }),
      SimulationError,
    );
    assertEquals(again.problem, error.problem);
    assertEquals(again.run.virtualTime, error.run.virtualTime);
    assertEquals(again.run.faults, error.run.faults);
    assertEquals(error.run.options.chaos, false);
  }
});

Deno.test("explore() names the command that repeats the smallest run", async () => {
  const error = await failureOf(fragile, { chaos: true });
  const { seed, options, replay } = error.run;
  assert(replay !== null);
  assertStringIncludes(replay, `SLUICE_SEED=${seed} SLUICE_OPTIONS='${JSON.stringify(options)}'`);
  assertMatch(replay, /explore_test\.ts --filter 'explore\(\) names the command/);
});

Deno.test("explore() finds a run that hangs, and keeps the hang while it shrinks", async () => {
  const error = await failureOf(async (world) => {
    world.host("server", async () => {
      await using socket = await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 7 } });
      for await (const { data, address } of socket) await socket.send(data, address);
    });
    await world.client("client", async () => {
      await using socket = await openDatagrams({ remoteAddr: { hostname: "server", port: 7 } });
      for (let i = 0; i < 60; i++) {
        // Asked once only: a datagram that is lost is waited for without end.
        await socket.send("anyone?");
        await socket.receive();
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    });
  }, { swarm: false, chaos: { kinds: ["hold", "slow", "lossy"], interval: 2000 } });
  assert(error instanceof HangError, error.message);
  assertEquals(error.run.faults.map(({ fault }) => fault.kind)[0], "link");
  assert(error.run.faults.length <= 2, error.message);
  assertEquals(error.run.waits.find(({ host }) => host === "client")?.state, "running");
});

Deno.test("explore() does not end at another failure than the one it found", async () => {
  // Without any partition it fails as well, later and in another line.
  const main = async (world: World): Promise<void> => {
    world.host("server", () => new Promise(() => {}));
    const partitioned = Promise.withResolvers<string>();
    using _subscription = world.subscribe((event) => {
      if (event.kind === "fault" && event.fault.kind === "partition") partitioned.resolve("cut");
    });
    setTimeout(() => partitioned.resolve("whole"), 50_000);
    await world.client("client", async () => {
      if (await partitioned.promise === "cut") throw new Error(`cut off at ${world.now}`);
      throw new Error(`bored at ${world.now}`);
    });
  };
  const error = await failureOf(main, {
    swarm: false,
    chaos: { kinds: ["partition", "hold", "reset", "stall"], interval: 2000 },
  });
  assertStringIncludes(error.problem, "cut off at");
  assertEquals(error.run.faults.map(({ fault }) => fault.kind), ["partition"]);
  assertStringIncludes(error.message, 'also seen on the way: host "client" failed: bored at');
});

Deno.test("explore() shrinks the settings that it drew, and says which are needed", async () => {
  // Fails with small windows only.
  const main = async (world: World): Promise<void> => {
    world.host("server", () => Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, 1));
    let isSmall = false;
    using _rule = world.rule(({ segment, data }) => {
      if (segment === "DATA" && data.length > 1000) isSmall = true;
    });
    await using server = await startServer(({ reader }) => reader.read(), { port: 7 });
    await using connection = await openConnection({ port: server.port });
    connection.writer.write(new Uint8Array(4000));
    await connection.writer.flush();
    if (!isSmall) throw new Error("nothing but small segments");
  };
  const error = await failureOf(main, {});
  assertEquals(Object.keys(error.run.options), ["window"]);
  assertMatch(error.message, /\n {2}Options:\n {4}window: \d+\n/);
});

Deno.test("explore() does not draw an option that is given", async () => {
  const windows = new Set<unknown>();
  const latencies = new Set<unknown>();
  for (let seed = 1; seed < 30; seed++) {
    const error = await failureOf(() => Promise.reject(new Error("always")), {
      seed,
      shrinkRuns: 0,
      window: 4096,
    });
    windows.add(error.run.options.window);
    latencies.add(JSON.stringify(error.run.options.latency));
  }
  assertEquals([...windows], [undefined]);
  assert(latencies.size > 3);
});

Deno.test("explore() reports a failure that does not occur again", async () => {
  let runs = 0;
  const error = await failureOf(async () => {
    await Promise.resolve();
    if (++runs === 4) throw new Error("by chance");
  }, {});
  assertEquals(runs, 5);
  assertStringIncludes(error.message, "it did not fail again");
  assertEquals(error.run.seed, 4);
});

Deno.test("explore() stops when its signal aborts or its time is up", async () => {
  const reason = new Error("enough");
  const abort = new AbortController();
  let runs = 0;
  await assertRejects(
    () =>
      explore(() => {
        if (++runs === 3) abort.abort(reason);
      }, { signal: abort.signal }),
    Error,
    "enough",
  );
  assertEquals(runs, 3);
  const { runs: made } = await explore(() => {}, { runs: 1_000_000, budget: 1 });
  assert(made < 1_000_000);
});

Deno.test("explore() fails with NondeterminismError when two runs of a seed differ", async () => {
  let delay = 0;
  await assertRejects(
    () => explore(() => new Promise((go) => setTimeout(go, ++delay)), { checkDeterminism: true }),
    NondeterminismError,
  );
});

Deno.test("explore() reports a smallest run that does not fail each time", async () => {
  // The last of them is the one that the report is about.
  let runs = 0;
  const error = await failureOf(async () => {
    await Promise.resolve();
    if (++runs < 3) throw new Error("at first only");
  }, { swarm: false });
  assertStringIncludes(error.message, "it does not fail each time");
});

Deno.test("explore() gives options for a run that goes beyond maxSteps", async () => {
  const busy = (world: World): Promise<void> => {
    world.host("clockwork", () => void setInterval(() => {}, 10));
    return new Promise(() => {});
  };
  const error = await failureOf(busy, { maxSteps: 300, chaos: true });
  assertStringIncludes(error.problem, "it takes more than 300 events");
  const again = await assertRejects(
    () => simulate(busy, { maxSteps: 300, ...error.run.options, seed: error.run.seed }),
    SimulationError,
  );
  assertEquals(again.problem, error.problem);
});

Deno.test("explore() writes the capture and the timeline of the run that it reports, once", async () => {
  const pictures: string[] = [];
  const error = await failureOf(fragile, {
    chaos: { interval: 1000 },
    timeline: (svg) => void pictures.push(svg),
  });
  assertEquals(pictures.length, 1);
  const first = error.problem.substring(0, 40).replaceAll('"', "&quot;");
  assertStringIncludes(pictures[0] ?? "", first);
  assertEquals((await explore(() => {}, { timeline: (svg) => void pictures.push(svg) })).runs, 100);
  assertEquals(pictures.length, 1);
});

Deno.test("explore() refuses invalid options", async () => {
  await assertRejects(() => explore(() => {}, { runs: 0 }), RangeError, "runs 0");
  await assertRejects(() => explore(() => {}, { budget: -1 }), RangeError, "budget -1");
  await assertRejects(() => explore(() => {}, { sead: 1 } as never), TypeError, '"seed"');
  await assertRejects(() => explore(1 as never), TypeError, "main is not a function");
});

Deno.test("explore() runs whole worlds only, not within one", async () => {
  await simulate(async () => {
    await assertRejects(() => explore(() => {}), Error, 'in host "main"');
  });
});
