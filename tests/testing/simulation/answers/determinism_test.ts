import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import { NondeterminismError, simulate, SimulationError, type World } from "@sluice/net/testing";

/** A client that sends as many bytes as it is told, at some time. */
function sender(bytes: () => number): (world: World) => Promise<void> {
  return async (world) => {
    world.host("server", async () => {
      await using server = await startServer(async ({ reader }) => void await reader.read(), {
        hostname: "0.0.0.0",
        port: 7,
      });
      await server.serveForever();
    });
    await world.client("client", async () => {
      await using client = await openConnection({ hostname: "server", port: 7 });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      client.writer.write(new Uint8Array(bytes()));
    });
  };
}

Deno.test("checkDeterminism gives the run when both went alike", async () => {
  const main = sender(() => Math.floor(1000 * Math.random()));
  const checked = await simulate(main, { seed: 3, checkDeterminism: true });
  assertEquals(checked, await simulate(main, { seed: 3 }));
});

Deno.test("checkDeterminism shows the first event that differs, its time, host and neighbours", async () => {
  let runs = 0;
  const error = await assertRejects(
    // State from outside of the world.
    () =>
      simulate(sender(() => 10 * ++runs), {
        seed: 3,
        latency: 1,
        segmentSize: 1460,
        checkDeterminism: true,
      }),
    NondeterminismError,
  );
  const { divergence, message } = error;
  assertEquals([error.seed, divergence.host], [3, "client"]);
  assert(divergence.virtualTime >= 1000 && divergence.virtualTime < 1010);
  assertStringIncludes(divergence.first ?? "", "DATA of 10 B sent, 10.0.0.3:49152 -> 10.0.0.2:7");
  assertStringIncludes(divergence.second ?? "", "DATA of 20 B sent, 10.0.0.3:49152 -> 10.0.0.2:7");
  const lines = message.split("\n").map((line) => line.trim().replace(/ +/g, " "));
  assert(
    lines.some((line) => line.startsWith(`both runs ${divergence.event - 1} `)),
    message,
  );
  assert(lines.some((line) => line.startsWith(`1st run ${divergence.event} `)), message);
  assert(lines.some((line) => line.startsWith(`2nd run ${divergence.event + 1} `)), message);
  assertStringIncludes(message, "SLUICE_SEED=3 deno test");
});

Deno.test("checkDeterminism finds real time, real randomness and one run that goes on longer", async () => {
  const realNow = Date.now;
  let offset = 0;
  const cases: ((world: World) => Promise<unknown>)[] = [
    // A clock that no world replaces.
    () => new Promise((resolve) => setTimeout(resolve, 10 + offset++)),
    async () => {
      for (let i = 0; i < offset; i++) await new Promise((resolve) => setTimeout(resolve, 1));
      offset++;
    },
  ];
  for (const main of cases) {
    offset = 0;
    await assertRejects(() => simulate(main, { checkDeterminism: true }), NondeterminismError);
  }
  assertEquals(Date.now, realNow);
});

Deno.test("checkDeterminism reports a run that failed once, with its failure as the cause", async () => {
  let runs = 0;
  const error = await assertRejects(
    () =>
      simulate(async () => {
        await Promise.resolve();
        if (++runs === 2) throw new Error("only now");
      }, { checkDeterminism: true }),
    NondeterminismError,
  );
  assert(error.cause instanceof SimulationError);
  assertStringIncludes(error.cause.message, "only now");
});

Deno.test("checkDeterminism fails as the run does when both fail alike", async () => {
  await assertRejects(
    () => simulate(() => Promise.reject(new Error("always")), { checkDeterminism: true }),
    SimulationError,
    "always",
  );
});

Deno.test("checkDeterminism compares what comes after the events that are kept", async () => {
  let runs = 0;
  const main = async (): Promise<void> => {
    runs++;
    const { promise, resolve } = Promise.withResolvers<void>();
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks < 200_010) return;
      clearInterval(timer);
      setTimeout(resolve, runs);
    }, 1);
    await promise;
  };
  const error = await assertRejects(
    () => simulate(main, { checkDeterminism: true }),
    NondeterminismError,
  );
  assertEquals(error.divergence.host, null);
  assertStringIncludes(error.message, "1st run: ended at");
});
