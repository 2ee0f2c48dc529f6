import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  InvalidStateError,
  memoryTransportPair,
  openConnection,
  startServer,
  type StreamConnection,
} from "@sluice/net";
import { type Fault, HangError, simulate, SimulationError, type World } from "@sluice/net/testing";

/** A server that answers each line with the same line. */
async function echoLines(port = 7): Promise<void> {
  await using server = await startServer(async ({ reader, writer }) => {
    for await (const line of reader.lines()) {
      writer.write(`${line}\n`);
      await writer.drain();
    }
  }, { hostname: "0.0.0.0", port });
  await server.serveForever();
}

async function ask({ reader, writer }: StreamConnection, line: string): Promise<string> {
  writer.write(`${line}\n`);
  return new TextDecoder().decode(await reader.readline()).trimEnd();
}

/** Some clients that ask at random times. */
async function chatter(world: World): Promise<string[]> {
  world.host("server", () => echoLines());
  const answers: string[] = [];
  const client = (name: string) =>
    world.client(name, async () => {
      await using connection = await openConnection({ hostname: "server", port: 7 });
      for (let i = 0; i < 10; i++) {
        answers.push(await ask(connection, `${name} ${i} ${crypto.randomUUID()} ${Math.random()}`));
        await new Promise((resolve) => setTimeout(resolve, 1000 * Math.random()));
      }
    });
  await Promise.all(["ann", "bob", "cy"].map(client));
  return answers;
}

Deno.test("simulate() gives the same run for the same seed, and another one for another", async () => {
  const first = await simulate(chatter, { seed: 4 });
  const second = await simulate(chatter, { seed: 4 });
  const third = await simulate(chatter, { seed: 5 });
  assertEquals(first.value.length, 30);
  assertEquals(second, first);
  assert(third.digest !== first.digest);
  assert(third.value.join() !== first.value.join());
});

Deno.test("simulate() lets two worlds run side by side as they do alone", async () => {
  const alone = await simulate(chatter, { seed: 4 });
  const runs = await Promise.all([4, 5, 4].map((seed) => simulate(chatter, { seed })));
  assertEquals(runs[0], alone);
  assertEquals(runs[2], alone);
});

Deno.test("simulate() jumps over the time in which nothing happens", async () => {
  const { virtualTime } = await simulate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  });
  assertEquals(virtualTime, 3_600_000);
});

Deno.test("simulate() fails with HangError, which lists the pending waits", async () => {
  const error = await assertRejects(
    () =>
      simulate(async (world) => {
        world.host("server", () => echoLines());
        await world.client("client", async () => {
          await using connection = await openConnection({ hostname: "server", port: 7 });
          await connection.reader.readline();
        });
      }, { seed: 12 }),
    HangError,
    "seed 12",
  );
  const { message } = error;
  assertMatch(message, /client \(running\)\n(?: {6}.*\n)* {6}read 10.0.0.3:49152 -> 10.0.0.2:7/);
  assertMatch(message, /server \(running\)\n(?: {6}.*\n)* {6}read 10.0.0.2:7 <- 10.0.0.3:49152/);
  assertStringIncludes(message, "accept 0.0.0.0:7");
});

Deno.test("simulate() fails with what a host threw, the host and the seed", async () => {
  const thrown = new RangeError("too much");
  const error = await assertRejects(
    () =>
      simulate(async (world) => {
        world.host("server", () => Promise.reject(thrown));
        await new Promise(() => {});
      }, { seed: 3 }),
    SimulationError,
    'Cannot finish run with seed 3, at 0 ms: host "server" failed: too much',
  );
  assertEquals([error.cause, error.host], [thrown, "server"]);
});

Deno.test("simulate() fails when a timer of a host throws", async () => {
  await assertRejects(
    () =>
      simulate(async () => {
        setTimeout(() => {
          throw new Error("in a timer");
        }, 5);
        await new Promise(() => {});
      }),
    SimulationError,
    "at 5 ms",
  );
});

Deno.test("simulate() ends a run that exceeds maxVirtualTime or maxSteps, and names the busy hosts", async () => {
  const busy = (world: World): Promise<void> => {
    world.host("clockwork", () => void setInterval(() => {}, 10));
    return new Promise(() => {});
  };
  await assertRejects(
    () => simulate(busy, { maxVirtualTime: 1000 }),
    SimulationError,
    "main did not end",
  );
  await assertRejects(
    () => simulate(busy, { maxSteps: 500 }),
    SimulationError,
    "clockwork had 499 events",
  );
});

Deno.test("simulate() refuses a world inside of a world", async () => {
  await simulate(async () => {
    await assertRejects(() => simulate(() => {}), InvalidStateError, 'in host "main"');
  });
});

Deno.test("simulate() refuses invalid options", async () => {
  await assertRejects(() => simulate(() => {}, { loss: 2 }), RangeError, "loss 2");
  await assertRejects(() => simulate(() => {}, { latency: [5, 1] }), RangeError, "latency 1");
  await assertRejects(() => simulate(() => {}, { seed: -1 }), RangeError, "seed -1");
  const wrong = { sead: 1 } as never;
  await assertRejects(() => simulate(() => {}, wrong), TypeError, 'did you mean "seed"');
  await assertRejects(() => simulate(1 as never), TypeError, "main is not a function");
});

Deno.test("World.crash() leaves peers waiting, and a restart resets old connections", async () => {
  await simulate(async (world) => {
    world.host("server", () => echoLines());
    await world.client("client", async () => {
      await using old = await openConnection({ hostname: "server", port: 7 });
      assertEquals(await ask(old, "before"), "before");
      world.crash("server");
      old.writer.write("anyone?\n");
      await assertRejects(() => old.reader.readline({ signal: AbortSignal.timeout(5000) }));
      world.restart("server");
      await assertRejects(() => old.reader.readline(), Deno.errors.ConnectionReset);
      await using young = await openConnection({ hostname: "server", port: 7 });
      assertEquals(await ask(young, "after"), "after");
    });
  });
});

Deno.test("World.partition() delays what is sent until some time after World.heal()", async () => {
  await simulate(async (world) => {
    world.host("server", () => echoLines());
    await world.client("client", async () => {
      await using connection = await openConnection({ hostname: "server", port: 7 });
      world.partition("client", "server");
      setTimeout(() => world.heal("client", "server"), 10_000);
      assertEquals(await ask(connection, "hello"), "hello");
      const { now } = world;
      // Sent again after 0.2, 0.6, 1.4 ... s: the time doubles each time.
      assert(now > 10_000 && now < 20_000, `${now}`);
    });
  });
});

Deno.test("simulate() fails with what a function of the user threw that no program called", async () => {
  const talk = async (world: World): Promise<void> => {
    world.host("server", () => echoLines());
    await world.client("client", async () => {
      await using connection = await openConnection({ hostname: "server", port: 7 });
      await ask(connection, "hello");
    });
  };
  const boom = (): never => {
    throw new Error("boom");
  };
  const faulty: Readonly<Record<string, () => Promise<unknown>>> = {
    rule: () =>
      simulate((world) => {
        world.rule(boom);
        return talk(world);
      }),
    listener: () =>
      simulate((world) => {
        world.subscribe(boom);
        return talk(world);
      }),
    latency: () => simulate(talk, { latency: boom }),
    lookup: () => simulate(talk, { lookupLatency: boom }),
  };
  for (const run of Object.values(faulty)) await assertRejects(run, SimulationError, "boom");
  await assertRejects(() => simulate(talk, { latency: () => NaN }), SimulationError, "NaN is not");
  const verdict = "explode" as unknown as "drop";
  await assertRejects(
    () =>
      simulate((world) => {
        world.rule(() => verdict);
        return talk(world);
      }),
    SimulationError,
    '"explode" is none of',
  );
  const fault = { kind: "flood" } as unknown as Fault;
  await assertRejects(
    () => simulate(talk, { faults: [{ at: 0, fault }] }),
    TypeError,
    'no kind "flood"',
  );
});

Deno.test("simulate() resets a connection that is aborted so, after what was sent", async () => {
  await simulate(async (world) => {
    const end = async ({ writer, transport }: StreamConnection, reset: boolean): Promise<void> => {
      writer.write("the half");
      await writer.flush();
      transport.abort({ reset });
    };
    world.host("server", async () => {
      const options = { hostname: "0.0.0.0", port: 7 };
      await using resets = await startServer((connection) => end(connection, true), options);
      await using ends = await startServer((connection) => end(connection, false), {
        ...options,
        port: 8,
      });
      await Promise.all([resets.serveForever(), ends.serveForever()]);
    });
    await world.client("client", async () => {
      await using ended = await openConnection({ hostname: "server", port: 8 });
      assertEquals(new TextDecoder().decode(await ended.reader.read()), "the half");
      await using reset = await openConnection({ hostname: "server", port: 7 });
      assertEquals(new TextDecoder().decode(await reset.reader.readexactly(8)), "the half");
      await assertRejects(() => reset.reader.read(), Deno.errors.ConnectionReset);
    });
  });
});

Deno.test("An endless loop of the library takes virtual time, and other tasks continue", async () => {
  await simulate(async (world) => {
    const [a, b] = await memoryTransportPair(
      () => ({ dataReceived: (chunk) => void a.transport.write(chunk) }),
      () => ({ dataReceived: (chunk) => void b.transport.write(chunk) }),
    );
    a.transport.write("x");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(world.now, 20);
    a.transport.abort();
  });
});

Deno.test("World.host() has the address that it is given, of either family", async () => {
  await simulate(async (world) => {
    for (const [name, address] of [["four", "192.0.2.7"], ["six", "fd00::7"]] as const) {
      const { promise: listening, resolve } = Promise.withResolvers<void>();
      const host = world.host(name, async () => {
        await using server = await startServer(({ reader, writer }) => {
          const peer = writer.getExtraInfo("peername") as Deno.NetAddr;
          writer.write(`${peer.hostname}\n`);
          void reader;
        }, { hostname: address, port: 7 });
        resolve();
        await server.serveForever();
      }, { address });
      await listening;
      assertEquals([host.name, host.address, host.isRunning], [name, address, true]);
      for (const hostname of [name, address]) {
        await using connection = await openConnection({ hostname, port: 7 });
        assertEquals(new TextDecoder().decode(await connection.reader.readline()), "10.0.0.1\n");
      }
    }
    await assertRejects(
      () => openConnection({ hostname: "10.9.9.9", port: 7 }),
      Deno.errors.NetworkUnreachable,
      "No route to host",
    );
  });
});

Deno.test("simulate() fails with what a program neither handled nor caught, and names the host", async () => {
  const programs: Readonly<Record<string, () => unknown>> = {
    "a promise without a handler": () => void Promise.reject(new Error("boom")),
    "a promise without a handler, later": () =>
      setTimeout(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error("boom");
      }, 5),
    "a listener": () =>
      AbortSignal.timeout(5).addEventListener("abort", () => {
        throw new Error("boom");
      }),
    // deno-lint-ignore no-process-global -- this is what is tested
    "a tick": () =>
      process.nextTick(() => {
        throw new Error("boom");
      }),
    "a microtask": () =>
      queueMicrotask(() => {
        throw new Error("boom");
      }),
    "an immediate": () =>
      setImmediate(() => {
        throw new Error("boom");
      }),
  };
  for (const [name, program] of Object.entries(programs)) {
    const error = await assertRejects(
      () =>
        simulate(async (world) => {
          world.host("careless", () => void program());
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }),
      SimulationError,
      "boom",
      name,
    );
    assertEquals(error.host, "careless", name);
  }
});

Deno.test("simulate() tells what programs left open when they ended", async () => {
  const { leftovers } = await simulate(async (world) => {
    world.host("server", () => echoLines());
    await world.client("careless", async () => {
      await openConnection({ hostname: "server", port: 7 });
      Deno.listen({ port: 9 });
      setInterval(() => {}, 1000);
      // Neither keeps a program going.
      AbortSignal.timeout(5000);
      Deno.unrefTimer(Number(setTimeout(() => {}, 5000)));
    });
    await world.client("careful", async () => {
      await using connection = await openConnection({ hostname: "server", port: 7 });
      assertEquals(await ask(connection, "hello"), "hello");
    });
  });
  assertEquals(leftovers, [
    { host: "careless", what: "connection 10.0.0.3:49152 -> 10.0.0.2:7" },
    { host: "careless", what: "listener 0.0.0.0:9" },
    { host: "careless", what: "timer" },
  ]);
});
