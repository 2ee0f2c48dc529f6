import { AsyncLocalStorage } from "node:async_hooks";
/**
 * Public reports on other simulated clocks and networks, tried here.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import { simulate, SimulationError } from "@sluice/net/testing";

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// denoland/std#7310
Deno.test("a world runs promises between two timers, also of the same moment", async () => {
  await simulate(async (world) => {
    const order: string[] = [];
    setTimeout(async () => {
      await Promise.resolve();
      order.push(`a ${world.now}`);
      setTimeout(() => order.push(`c ${world.now}`), 10);
    }, 10);
    setTimeout(() => order.push(`b ${world.now}`), 10);
    await sleep(30);
    assertEquals(order, ["a 10", "b 10", "c 20"]);
  });
});

// jestjs/jest#14549
Deno.test("a world runs queueMicrotask and nextTick before time goes on", async () => {
  await simulate(async (world) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    // deno-lint-ignore no-process-global -- this is what is tested
    queueMicrotask(() => process.nextTick(() => queueMicrotask(resolve)));
    await promise;
    assertEquals(world.now, 0);
  });
});

// sinonjs/fake-timers#521, vitest-dev/vitest#3088, nodejs/node#60509
Deno.test("a world has AbortSignal.timeout in virtual time, with the reason of the real one", async () => {
  await simulate(async (world) => {
    const signal = AbortSignal.timeout(100);
    const any = AbortSignal.any([signal, new AbortController().signal]);
    await new Promise((resolve) => any.addEventListener("abort", resolve));
    assertEquals([world.now, signal.reason.name], [100, "TimeoutError"]);
    await sleep(10);
    assertEquals(world.now, 110);
  });
});

// sinonjs/fake-timers#187, #191, #425
Deno.test("a timer of a world has refresh, ref, unref and a number, as that of Node", async () => {
  await simulate(async (world) => {
    let firedAt = 0;
    const timer = setTimeout(() => firedAt = world.now, 100) as unknown as NodeJS.Timeout;
    assert(timer.unref() === timer && timer.ref() === timer && timer.hasRef());
    await sleep(60);
    assert(timer.refresh() === timer);
    await sleep(200);
    assertEquals(firedAt, 160);
    const byNumber = setTimeout(() => firedAt = -1, 5);
    clearTimeout(Number(byNumber));
    await sleep(10);
    assertEquals(firedAt, 160);
  });
});

const outside = AsyncLocalStorage.snapshot();

// sinonjs/fake-timers#407
Deno.test("a world clears timers of the real world, and the other way round", async () => {
  let hasFired = false;
  // Long enough that it does not fire before the world has begun, on a machine that is busy.
  const real = setTimeout(() => hasFired = true, 60_000);
  await simulate(() => {
    const virtual = setTimeout(() => hasFired = true, 1);
    clearTimeout(real);
    return new Promise<void>((resolve) => {
      setTimeout(resolve, 5);
      // The real function clears it too.
      outside(() => clearTimeout(virtual));
    });
  });
  // The sanitizer of the test runner would tell of a timer that is left.
  assertEquals(hasFired, false);
});

// sinonjs/fake-timers#504, #437, #511, jestjs/jest#11091
Deno.test("Date in a world is the same class, for instances, subclasses and constructor checks", async () => {
  const before = new Date();
  await simulate(async () => {
    class Moment extends Date {
      readonly label = "moment";
    }
    await sleep(1000);
    const moment = new Moment();
    assert(before instanceof Date && moment instanceof Moment && new Date() instanceof Date);
    assertEquals([moment.getTime(), moment.label], [Date.now(), "moment"]);
    assertEquals(new Date().constructor, Date);
    assertEquals(new Date(0).getTime(), 0);
    assertEquals(new Date(2000, 1, 2).getFullYear(), 2000);
    assertEquals(Date().slice(0, 15), new Date().toString().slice(0, 15));
  });
  assertEquals([before.constructor, new Date().constructor], [Date, Date]);
});

// sinonjs/fake-timers#474, oven-sh/bun#40104, sinonjs/sinon#803, denoland/std#4552
Deno.test("all clocks of a world tell the same time", async () => {
  await simulate(async (world) => {
    await sleep(90_000);
    const now = Date.now();
    assertEquals(performance.now(), world.now);
    assertEquals(performance.timeOrigin + performance.now(), now);
    const format = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "full" });
    assertEquals(format.format(), format.format(now));
    assertEquals(format.formatToParts(), format.formatToParts(now));
    assertEquals(Temporal.Now.instant().epochMilliseconds, now);
    // deno-lint-ignore no-process-global -- this is what is tested
    assertEquals([process.hrtime(), process.hrtime.bigint()], [[90, 0], 90_000_000_000n]);
  });
});

// tokio-rs/tokio#3179
Deno.test("every sleep of a world takes the time that it was given, to the fraction", async () => {
  await simulate(async () => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      await sleep(1000 / 8 + 0.25);
      times.push(performance.now() - start);
    }
    assertEquals(times, [125.25, 125.25, 125.25, 125.25, 125.25]);
  });
});

// vitest: intervals that drift
Deno.test("setInterval of a world does not drift, and is cleared from inside", async () => {
  await simulate(async (world) => {
    const times: number[] = [];
    const interval = setInterval(() => {
      times.push(world.now);
      if (times.length === 4) clearInterval(interval);
    }, 250);
    await sleep(5000);
    assertEquals(times, [250, 500, 750, 1000]);
  });
});

// python-trio/trio#456
Deno.test("a world does not jump over work in other threads", async () => {
  await simulate(async (world) => {
    const hurry = AbortSignal.timeout(1);
    const encoder = new TextEncoder();
    const secret = await crypto.subtle.importKey("raw", encoder.encode("x"), "PBKDF2", false, [
      "deriveBits",
    ]);
    const salt = encoder.encode("salt");
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 50_000 };
    await crypto.subtle.deriveBits(how, secret, 256);
    await Deno.readTextFile(new URL(import.meta.url));
    assertEquals([world.now, hurry.aborted], [0, false]);
    const { promise, resolve } = Promise.withResolvers<void>();
    // The callback of another thread, announced.
    const work = world.outside(promise);
    const { pbkdf2 } = await import("node:crypto");
    pbkdf2("x", "salt", 50_000, 32, "sha256", () => resolve());
    await work;
    assertEquals(world.now, 0);
  });
});

// tokio-rs/turmoil#185
Deno.test("a segment that is lost is sent again", async () => {
  await simulate(async (world) => {
    world.host("server", async () => {
      await using server = await startServer(async ({ reader, writer }) => {
        writer.write(await reader.readline());
      }, { hostname: "0.0.0.0", port: 7 });
      await server.serveForever();
    });
    await world.client("client", async () => {
      let lost = 0;
      using _rule = world.rule(({ segment }) => segment === "DATA" && lost++ < 3 ? "drop" : "pass");
      await using connection = await openConnection({ hostname: "server", port: 7 });
      connection.writer.write("hello\n");
      assertEquals((await connection.reader.readline()).length, 6);
      assert(lost > 3 && world.now > 1400, `${lost} ${world.now}`);
    });
  }, { segmentSize: 1460 });
});

// asonnino/mysticeti#260, apple/foundationdb#11766, madsim-rs/madsim#240
Deno.test("a run depends on the seed only, not on runs before it or on what draws elsewhere", async () => {
  const draw = async (): Promise<unknown> => {
    const { value } = await simulate(async (world) => {
      const values: unknown[] = [];
      const host = (name: string) =>
        world.client(name, () => void values.push(Math.random(), crypto.randomUUID()));
      await Promise.all([host("a"), host("b")]);
      return values;
    });
    return value;
  };
  const first = await draw();
  Math.random();
  await simulate(() => Math.random(), { seed: 99 });
  assertEquals(await draw(), first);
});

// apple/foundationdb#2148
Deno.test("a skewed host has another Date and the same monotonic clock", async () => {
  await simulate(async (world) => {
    const { promise, resolve } = Promise.withResolvers<number[]>();
    world.host("late", async () => {
      const start = [Date.now(), performance.now()] as const;
      world.inject({ kind: "skew", host: "late", milliseconds: -5000 });
      await sleep(1000);
      resolve([Date.now() - start[0], performance.now() - start[1]]);
    });
    const before = Date.now();
    assertEquals(await promise, [-4000, 1000]);
    assertEquals(Date.now() - before, 1000);
  });
});

// preactjs/preact#3458, jestjs/jest#12803
Deno.test("the globals are as before after a run, after one that fails, and after one that patches them", async () => {
  const look = () =>
    ([
      [globalThis, "setTimeout"],
      [globalThis, "setImmediate"],
      [globalThis, "Date"],
      [globalThis, "fetch"],
      [globalThis, "WebSocket"],
      [Date, "now"],
      [Date.prototype, "constructor"],
      [performance, "now"],
      [Performance.prototype, "timeOrigin"],
      [AbortSignal, "timeout"],
      [Math, "random"],
      [Crypto.prototype, "getRandomValues"],
      [SubtleCrypto.prototype, "digest"],
      [Deno, "connect"],
      [Deno, "Command"],
    ] as const).map(([target, name]) => Object.getOwnPropertyDescriptor(target, name));
  const before = look();
  await simulate(() => {});
  assertEquals(look(), before);
  await assertRejects(
    () => simulate(() => Promise.reject(new Error("no"))),
    SimulationError,
  );
  assertEquals(look(), before);
  await simulate(() => {
    globalThis.setTimeout = (() => 1) as unknown as typeof setTimeout;
  });
  assertEquals(look(), before);
});
