/**
 * A client connects with `allErrors` to a name of several addresses, of which some are down. It
 * reaches one of those that answer, or learns of each what was wrong.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const ADDRESSES = ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"];
const CONNECTIONS = 10;
const CONNECT_TIMEOUT = 8000;

/** Connects once; gives the address that answered, or `null`. */
async function connect(addresses: readonly string[]): Promise<string | null> {
  try {
    await using connection = await openConnection({
      hostname: "service",
      port: 7,
      lookup: () => addresses,
      allErrors: true,
      happyEyeballsDelay: 100,
      connectTimeout: CONNECT_TIMEOUT,
    });
    const line = await connection.reader.readline({ as: "text", timeout: 60_000 });
    assert("hello\n".startsWith(line), line);
    const peer = connection.transport.getExtraInfo("peername");
    assert(peer?.transport === "tcp" && addresses.includes(peer.hostname));
    return line === "hello\n" ? peer.hostname : null;
  } catch (error) {
    failOnAssertion(error);
    if (error instanceof AggregateError) checkErrors(error, addresses);
    return null;
  }
}

/** Each address has its error, in the order of the attempts. */
function checkErrors({ message, errors }: AggregateError, addresses: readonly string[]): void {
  assertEquals(message, "Cannot connect to service:7: no address of it can be reached");
  const told = errors.map(({ message }) => message.split(": ")[0]);
  assertEquals(told, addresses.map((address) => `Cannot connect to ${address}:7`));
}

function scenario(name: string, runs: number, hasChaos: boolean): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [1, 60],
      loss: 0.01,
      chaos: hasChaos && {
        kinds: ["partition", "oneWay", "hold", "stall", "reset", "refuse", "ignore", "exhaust"],
        interval: 300,
        duration: 8000,
        until: 20_000,
      },
    },
    async main(world): Promise<void> {
      const up = ADDRESSES.filter(() => Math.random() < 0.4);
      for (const address of ADDRESSES) {
        world.host(`at-${address}`, async () => {
          if (!up.includes(address)) return;
          await using server = await startServer(async ({ writer }) => {
            writer.write("hello\n");
            await writer.flush();
          }, { hostname: "0.0.0.0", port: 7, onError: failOnAssertion });
          await server.serveForever();
        }, { address });
      }
      await world.client("client", async () => {
        await pause(100);
        for (let i = 0; i < CONNECTIONS; i++) {
          const addresses = ADDRESSES.filter(() => Math.random() < 0.7);
          if (addresses.length === 0) continue;
          const start = world.now;
          const answered = await connect(addresses);
          if (answered !== null) assert(up.includes(answered), `${answered} is down`);
          if (hasChaos) await pause(Math.random() * 3000);
          else assertEquals(answered !== null, addresses.some((address) => up.includes(address)));
          assert(world.now - start <= CONNECT_TIMEOUT + 64_000, "it took too long");
        }
      });
    },
  };
}

/** The scenarios. */
export const manyAddresses: readonly Scenario[] = [
  scenario("allErrors reaches an address that answers, or tells of each", 30, false),
  scenario("allErrors tells of each address over a bad network", 40, true),
];
