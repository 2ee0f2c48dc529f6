import { assert, assertEquals, assertRejects } from "@std/assert";
import { openConnection } from "../../../streams/open_connection.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import { connectToAny } from "../../../transports/networks/connect_to_any.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import type { Network } from "../../../transports/networks/network.ts";
import { freePort } from "../../support/places/free_port.ts";
import { ReplacedClock } from "../../support/time/replaced_clock.ts";

/** A network whose names have these addresses. */
function withNames(network: Network, ...addresses: string[]): Network {
  return { ...network, lookup: () => Promise.resolve(addresses) };
}

for (const network of [denoNetwork, nodeNetwork]) {
  const { name } = network;

  Deno.test(`allErrors has an error for each address on ${name}, in the order of the attempts`, async () => {
    const port = freePort();
    const error = await assertRejects(
      () =>
        openConnection({
          hostname: "three.test",
          port,
          allErrors: true,
          network: withNames(network, "127.0.0.2", "127.0.0.3", "127.0.0.4"),
        }),
      AggregateError,
      `Cannot connect to three.test:${port}: no address of it can be reached`,
    );
    assertEquals(
      error.errors.map((one) => [one.constructor, one.message.split(": ")[0]]),
      ["127.0.0.2", "127.0.0.3", "127.0.0.4"].map((address) => [
        Deno.errors.ConnectionRefused,
        `Cannot connect to ${address}:${port}`,
      ]),
    );
  });

  Deno.test(`allErrors connects on ${name} to the address that answers`, async () => {
    await using server = await startServer(({ writer }) => void writer.write("hi"), {
      hostname: "127.0.0.3",
      port: 0,
      network,
    });
    await using client = await openConnection({
      hostname: "two.test",
      port: server.port,
      allErrors: true,
      network: withNames(network, "127.0.0.2", "127.0.0.3"),
    });
    assertEquals(new TextDecoder().decode(await client.reader.read()), "hi");
  });

  Deno.test(`allErrors wraps the error of a single address on ${name}`, async () => {
    const error = await assertRejects(
      () => openConnection({ port: freePort(), allErrors: true, network }),
      AggregateError,
    );
    assertEquals(error.errors.length, 1);
  });

  Deno.test(`allErrors ends with the reason of the signal on ${name}`, async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const opening = openConnection({ port: freePort(), allErrors: true, network, signal });
    assertEquals(await assertRejects(() => opening), reason);
  });
}

/** An attempt of {@linkcode connectToAny} that a test decides. */
interface Attempt extends PromiseWithResolvers<Fake> {
  readonly address: string;
  readonly signal: AbortSignal;
}

class Fake implements Pick<Carrier, "close"> {
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }
}

function race(
  addresses: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): { attempts: Attempt[]; outcome: Promise<Fake> } {
  const attempts: Attempt[] = [];
  const outcome = connectToAny(addresses, (address, signal) => {
    const attempt = { address, signal, ...Promise.withResolvers<Fake>() };
    attempts.push(attempt);
    return attempt.promise;
  }, { failure: "none", delayMs: 250, signal });
  return { attempts, outcome };
}

Deno.test("connectToAny() tries the next address when one has had its time, families in turn", async () => {
  using clock = new ReplacedClock();
  const { attempts, outcome } = race(["::1", "::2", "127.0.0.1", "127.0.0.2", "::3"]);
  for (let i = 0; i < 5; i++) clock.advance(250);
  assertEquals(
    attempts.map(({ address }) => address),
    ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"],
  );
  const [first, second] = attempts;
  const [won, late] = [new Fake(), new Fake()];
  second?.resolve(won);
  assertEquals(await outcome, won);
  assertEquals(clock.timers, 0);
  assertEquals(attempts.map(({ signal }) => signal.aborted), [true, false, true, true, true]);
  first?.resolve(late);
  await first?.promise;
  await Promise.resolve();
  assert(late.isClosed && !won.isClosed);
});

Deno.test("connectToAny() closes a connection that opens after its signal has aborted", async () => {
  using clock = new ReplacedClock();
  const giveUp = new AbortController();
  const { attempts, outcome } = race(["127.0.0.1", "127.0.0.2"], giveUp.signal);
  giveUp.abort(new Error("enough"));
  await assertRejects(() => outcome, Error, "enough");
  const late = new Fake();
  attempts[0]?.resolve(late);
  await attempts[0]?.promise;
  await Promise.resolve();
  assert(late.isClosed);
  clock.advance(1000);
  assertEquals([attempts.length, clock.timers], [1, 0]);
});
