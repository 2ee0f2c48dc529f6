import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ConnectTimeoutError,
  NameResolutionError,
  openConnection,
  openDatagrams,
  startServer,
  type StreamConnection,
} from "@sluice/net";
import { type Fault, simulate, type SimulationEvent, type World } from "@sluice/net/testing";

const SERVER = { hostname: "server", port: 7 };

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A server that sends back what it gets. */
async function echo(): Promise<void> {
  await using server = await startServer(async ({ readable, writable }) => {
    await readable.pipeTo(writable);
  }, { hostname: "0.0.0.0", port: 7, onError: () => {} });
  await server.serveForever();
}

async function ask({ reader, writer }: StreamConnection, text = "hello\n"): Promise<string> {
  writer.write(text);
  return new TextDecoder().decode(await reader.readline());
}

/** Runs a client beside an echo server. */
async function withEcho(client: (world: World) => Promise<void>): Promise<void> {
  await simulate(async (world) => {
    world.host("server", echo);
    await world.client("client", () => client(world));
  });
}

Deno.test("partition() one way lets the question through, and not the answer", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    assertEquals(await ask(connection), "hello\n");
    const arrived: string[] = [];
    using _events = world.subscribe((event: SimulationEvent) => {
      if (event.kind === "segment" && event.segment === "DATA" && event.phase !== "sent") {
        arrived.push(`${event.from} ${event.phase}`);
      }
    });
    world.partition("server", "client", { oneWay: true });
    connection.writer.write("x\n");
    await sleep(100);
    assert(arrived.includes("client arrived") && arrived.includes("server lost"), `${arrived}`);
    world.heal("server", "client");
    assertEquals(await connection.reader.readline(), new TextEncoder().encode("x\n"));
  });
});

Deno.test("what was lost before a reset is not sent again after it", async () => {
  await withEcho(async (world) => {
    const connection = await openConnection({ ...SERVER, resetOnAbort: true });
    assertEquals(await ask(connection), "hello\n");
    const later: string[] = [];
    world.partition("server", "client");
    connection.writer.write("never\n");
    await sleep(100);
    connection.transport.abort();
    using _events = world.subscribe((event: SimulationEvent) => {
      if (event.kind === "segment" && event.phase === "sent") later.push(event.segment);
    });
    await connection.transport.closed;
    world.heal("server", "client");
    await sleep(60_000);
    // The reset itself was sent when the connection was aborted.
    assertEquals(later.filter((segment) => segment !== "RST"), []);
  });
});

Deno.test("a connection without an answer fails with TimedOut in the end", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    assertEquals(await ask(connection), "hello\n");
    world.partition("client", "server");
    const start = world.now;
    await assertRejects(() => ask(connection), Deno.errors.TimedOut);
    // A quarter of an hour, as of Linux.
    assert(world.now - start > 900_000 && world.now - start < 1_000_000, `${world.now - start}`);
  });
});

Deno.test("connecting through a partition fails at the deadline, or after 127 s with TimedOut", async () => {
  await withEcho(async (world) => {
    world.partition("client", "server");
    await assertRejects(() => openConnection(SERVER), ConnectTimeoutError);
    assertEquals(Math.round(world.now / 1000), 30);
    const start = world.now;
    const patient = { ...SERVER, connectTimeout: Infinity };
    await assertRejects(() => openConnection(patient), Deno.errors.TimedOut);
    assertEquals(Math.round((world.now - start) / 1000), 127);
  });
});

Deno.test("hold() keeps what is sent, release() delivers it in order", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    world.hold("client", "server");
    connection.writer.write("one\n");
    connection.writer.write("two\n");
    await sleep(60_000);
    const start = world.now;
    world.release("client", "server");
    const lines = [await connection.reader.readline(), await connection.reader.readline()];
    assertEquals(lines.map((line) => new TextDecoder().decode(line)), ["one\n", "two\n"]);
    assert(world.now - start < 100);
  });
});

Deno.test("crash() of the process alone ends its connections, and the port is free again", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    assertEquals(await ask(connection), "hello\n");
    world.crash("server", { process: true });
    assertEquals(await connection.reader.read(), new Uint8Array());
    await assertRejects(() => openConnection(SERVER), Deno.errors.ConnectionRefused);
    world.restart("server");
    await sleep(1);
    await using again = await openConnection(SERVER);
    assertEquals(await ask(again), "hello\n");
  });
});

Deno.test("a host with restart comes back by itself after a crash", async () => {
  await simulate(async (world) => {
    const starts: number[] = [];
    world.host("server", async () => {
      starts.push(world.now);
      await echo();
    }, { restart: 500 });
    await sleep(100);
    world.crash("server");
    await sleep(1000);
    world.restart("server");
    await sleep(10);
    assertEquals(starts, [0, 600, 1100]);
  });
});

Deno.test("nothing that a crashed program does has an effect", async () => {
  await simulate(async (world) => {
    const heard: string[] = [];
    let isCrashed = false;
    const say = (what: string) => {
      if (isCrashed) heard.push(what);
    };
    world.host("server", async () => {
      setInterval(() => say("interval"), 10);
      setImmediate(function again(): void {
        say("immediate");
        setImmediate(again);
      });
      await using server = await startServer(async ({ closed }) => {
        await closed;
        say("closed");
      }, { hostname: "0.0.0.0", port: 7 });
      await server.serveForever().finally(() => say("finally"));
    });
    await world.client("client", async () => {
      await sleep(5);
      await using connection = await openConnection(SERVER);
      connection.writer.write("x");
      await sleep(50);
      world.crash("server");
      isCrashed = true;
      await sleep(1000);
      connection.transport.abort();
    });
    assertEquals(heard, []);
  });
});

Deno.test("a fault on the way of connections: reset, refused, ignored, without descriptors, not read", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    world.inject({ kind: "reset", a: "client", b: "server" });
    await assertRejects(() => connection.reader.readline(), Deno.errors.ConnectionReset);

    world.inject({ kind: "connects", host: "server", answer: "refuse" });
    await assertRejects(() => openConnection(SERVER), Deno.errors.ConnectionRefused);
    world.inject({ kind: "connects", host: "server", answer: "ignore" });
    const hasty = { ...SERVER, connectTimeout: 2000 };
    await assertRejects(() => openConnection(hasty), ConnectTimeoutError);
    world.inject({ kind: "connects", host: "server", answer: "accept" });

    world.inject({ kind: "exhaust", host: "server" });
    // The system has made the connection; the server accepts it when it can again.
    await using waiting = await openConnection(SERVER);
    const asked = ask(waiting);
    const outcome = await Promise.race([asked, sleep(5000).then(() => "no answer")]);
    assertEquals(outcome, "no answer");
    world.inject({ kind: "replenish", host: "server" });
    assertEquals(await asked, "hello\n");

    world.inject({ kind: "exhaust", host: "client" });
    await assertRejects(() => openConnection(SERVER), Error, "Too many open files");
    world.inject({ kind: "replenish", host: "client" });

    world.inject({ kind: "stall", host: "server" });
    waiting.writer.write(new Uint8Array(1_000_000));
    const echoed = waiting.reader.readexactly(1_000_000);
    const drained = waiting.writer.drain().then(() => "drained");
    assertEquals(await Promise.race([drained, sleep(60_000)]), undefined);
    world.inject({ kind: "unstall", host: "server" });
    assertEquals([await drained, (await echoed).length], ["drained", 1_000_000]);
    waiting.transport.abort();
  });
});

Deno.test("a fault makes look-ups slow, or makes them fail", async () => {
  await withEcho(async (world) => {
    await sleep(1);
    world.inject({ kind: "lookups", host: "client", delay: 3000 });
    const start = world.now;
    assertEquals(await Deno.resolveDns("server", "A"), ["10.0.0.2"]);
    assertEquals(world.now - start, 3001);
    world.inject({ kind: "lookups", fail: true, host: "client" });
    await assertRejects(() => openConnection(SERVER), NameResolutionError);
    world.inject({ kind: "lookups", host: "client" });
    await assertRejects(() => openConnection({ ...SERVER, hostname: "x" }), NameResolutionError);
    await using connection = await openConnection(SERVER);
    assertEquals(await ask(connection), "hello\n");
  });
});

Deno.test("a fault makes a link slow or narrow for a while", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    const time = async (text: string): Promise<number> => {
      const start = world.now;
      await ask(connection, text);
      return world.now - start;
    };
    assert(await time("x\n") < 20);
    world.inject({ kind: "link", a: "client", b: "server", conditions: { latency: 500 } });
    assertEquals(Math.round(await time("x\n")), 1000);
    const narrow = { latency: 0, bandwidth: 1000 };
    world.inject({ kind: "link", a: "client", b: "server", conditions: narrow });
    // There and back at a byte per millisecond; the first bytes return while the last ones leave.
    const ms = await time(`${"x".repeat(9999)}\n`);
    assert(ms > 10_000 && ms < 20_100, `${ms}`);
    world.inject({ kind: "link", a: "client", b: "server", conditions: null });
    assert(await time("x\n") < 20);
  });
});

Deno.test("rule() delays, corrupts, doubles and resets segments, until the end of its scope", async () => {
  await withEcho(async (world) => {
    await using connection = await openConnection(SERVER);
    {
      using _rule = world.rule(({ segment }) => segment === "DATA" ? { delay: 1000 } : "pass");
      const start = world.now;
      assertEquals(await ask(connection), "hello\n");
      assert(world.now - start > 2000);
    }
    {
      using _rule = world.rule(({ to }) => to === "server" ? "corrupt" : "duplicate", {
        between: ["client", "server"],
      });
      const text = "a".repeat(50);
      connection.writer.write(text);
      const got = new TextDecoder().decode(await connection.reader.readexactly(50));
      assert(got !== text);
      assertEquals(connection.reader.atEof(), false);
    }
    using _rule = world.rule(({ segment }) => segment === "DATA" ? "reset" : "pass");
    await assertRejects(() => ask(connection), Deno.errors.ConnectionReset);
  });
});

Deno.test("datagrams are lost, doubled, overtaken, and too long for a link", async () => {
  const between = (conditions: Record<string, unknown>, size = 10) =>
    simulate(async (world) => {
      const { promise, resolve } = Promise.withResolvers<number[]>();
      world.host("sender", async () => {
        await using sender = await openDatagrams({ remoteAddr: { hostname: "main", port: 9 } });
        await sleep(10);
        for (let i = 0; i < 100; i++) await sender.send(new Uint8Array(size).fill(i));
      });
      await using receiver = await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 9 } });
      const received: number[] = [];
      void (async () => {
        for await (const { data } of receiver) received.push(data[0] ?? 0);
        resolve(received);
      })();
      await sleep(2000);
      await receiver.close();
      return await promise;
    }, { latency: 5, ...conditions });
  const all = Array.from({ length: 100 }, (_, i) => i);
  assertEquals((await between({})).value, all);
  const lossy = (await between({ loss: 0.3 })).value;
  assert(lossy.length > 40 && lossy.length < 90, `${lossy.length}`);
  const doubled = (await between({ duplication: 0.3 })).value;
  assert(doubled.length > 110 && doubled.length < 160, `${doubled.length}`);
  const overtaken = (await between({ reordering: 0.3 })).value;
  assert(overtaken.join() !== all.join());
  assertEquals(overtaken.toSorted((a, b) => a - b), all);
  assertEquals((await between({ mtu: 9 })).value, []);
});

Deno.test("faults of a schedule happen at their time; those of a host that is not there yet are passed over", async () => {
  const fault: Fault = { kind: "crash", host: "server" };
  const run = await simulate(async (world) => {
    const host = world.host("server", () => sleep(100_000));
    const seen: [number, boolean][] = [];
    for (const time of [500, 600]) {
      setTimeout(() => seen.push([world.now, host.isRunning]), time);
    }
    await sleep(1000);
    world.host("late", () => sleep(100_000));
    return seen;
  }, { faults: [{ at: 550, fault }, { at: 560, fault: { kind: "crash", host: "late" } }] });
  assertEquals(run.value, [[500, true], [600, false]]);
  assertEquals(run.faults, [{ at: 550, fault }]);
});

Deno.test("chaos draws faults that can be given as a schedule, and ends in time", async () => {
  const main = async (world: World): Promise<number> => {
    world.host("server", echo);
    let answers = 0;
    await world.client("client", async () => {
      while (world.now < 120_000) {
        try {
          await using connection = await openConnection({ ...SERVER, connectTimeout: 1000 });
          for (let i = 0; i < 10; i++) {
            connection.writer.write("hello\n");
            await connection.reader.readline({ signal: AbortSignal.timeout(2000) });
            answers++;
            await sleep(300);
          }
        } catch {
          await sleep(100);
        }
      }
    });
    return answers;
  };
  const chaotic = await simulate(main, { seed: 11, chaos: { interval: 3000 } });
  assert(chaotic.faults.length > 10, `${chaotic.faults.length} faults`);
  assert(chaotic.faults.every(({ at }) => at <= 60_000));
  assert(chaotic.value > 100);
  assertEquals(await simulate(main, { seed: 11, chaos: { interval: 3000 } }), chaotic);
  const again = await simulate(main, { seed: 11, faults: chaotic.faults });
  assertEquals([again.value, again.faults], [chaotic.value, chaotic.faults]);
});

Deno.test("World.inject() refuses unknown hosts and kinds", async () => {
  await simulate((world) => {
    assertThrows(
      () => world.partition("main", "mian"),
      TypeError,
      'no host "mian"; there are main',
    );
    const fault = { kind: "flood" } as unknown as Fault;
    assertThrows(() => world.inject(fault), TypeError, 'no kind "flood"');
    assertThrows(() => world.host("main", () => {}), TypeError, 'there is host "main" already');
  });
});

Deno.test("a call that leaves the world is refused by its name", async () => {
  await simulate(async () => {
    const calls: Readonly<Record<string, () => unknown>> = {
      "fetch": () => fetch("http://127.0.0.1:1"),
      "WebSocket": () => new WebSocket("ws://127.0.0.1:1"),
      "Worker": () => new Worker("data:text/javascript,", { type: "module" }),
      "Deno.Command": () => new Deno.Command("true"),
      "Deno.serve": () => Deno.serve(() => new Response()),
      "Deno.connectTls": () => Deno.connectTls({ port: 1 }),
    };
    for (const [name, call] of Object.entries(calls)) {
      assertThrows(call, TypeError, `Cannot call ${name} in host "main"`);
    }
    const { connect, createServer } = await import("node:net");
    assertThrows(() => connect(1), TypeError, "net.Socket.connect");
    assertThrows(() => createServer().listen(0), TypeError, "net.Server.listen");
  });
});

Deno.test("code outside of a world keeps real time and the real network while one runs", async () => {
  const start = performance.now();
  const running = simulate(async () => {
    await sleep(3_600_000);
    return Date.now();
  });
  const [time, listener] = [Date.now(), Deno.listen({ hostname: "127.0.0.1", port: 0 })];
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const server = await listener.accept();
  assertEquals(listener.constructor.name, "Listener");
  for (const one of [client, server, listener]) one.close();
  const { value } = await running;
  assertEquals(value, Date.UTC(2027, 0, 1) + 3_600_000);
  // Not the time of the world, and hardly later than before it.
  const passed = performance.now() - start;
  assert(time !== value && passed < 3_600_000, `${passed}`);
});
