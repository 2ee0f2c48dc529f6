/**
 * Finds a bug that only a bad network shows: a client that connects again and loses an order. Three
 * versions of the client run in simulated networks, each until one fails.
 *
 * docs/simulation_guide.md has the same step by step. The program ends by itself.
 *
 *     deno run examples/lost_orders.ts --runs 100
 *     deno task example lost_orders
 *
 * It needs no permission.
 *
 * @module
 */
import { openConnection, startServer, type StreamConnection } from "@sluice/net";
import { explore, SimulationError, type World } from "@sluice/net/testing";
import { readFlags, toCount } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** An order, with the id that tells it from another one for the same. */
interface Order {
  readonly id: string;
  readonly text: string;
}

/** Places the orders of a queue, until it is empty or the connection fails. */
type Customer = (queue: Order[], connection: StreamConnection) => Promise<void>;

/** Takes each order from the queue, and sends it: one without an answer is lost. */
async function forgetful(queue: Order[], { reader, writer }: StreamConnection): Promise<void> {
  for (let order = queue.shift(); order !== undefined; order = queue.shift()) {
    writer.write(`- ${order.text}\n`);
    await reader.readline({ timeout: 2000 });
  }
}

/** Takes each order from the queue after its answer: if only that is lost, it orders twice. */
async function insistent(queue: Order[], { reader, writer }: StreamConnection): Promise<void> {
  for (let order = queue[0]; order !== undefined; order = queue[0]) {
    writer.write(`- ${order.text}\n`);
    await reader.readline({ timeout: 2000 });
    queue.shift();
  }
}

/** Sends an id with each order, by which the shop knows those that it has sold. */
async function exact(queue: Order[], { reader, writer }: StreamConnection): Promise<void> {
  for (let order = queue[0]; order !== undefined; order = queue[0]) {
    writer.write(`${order.id} ${order.text}\n`);
    const answer = await reader.readline({ as: "text", timeout: 2000 });
    if (answer !== `sold ${order.id}\n`) throw new Error(`Cannot read an answer in "${answer}"`);
    queue.shift();
  }
}

/** Sells what is ordered: each order without an id, and each id once. */
async function serveShop(sold: string[]): Promise<void> {
  const known = new Set<string>();
  await using server = await startServer(async ({ reader, writer }) => {
    for await (const line of reader.lines()) {
      const [id = "", text = ""] = line.split(" ");
      if (!known.has(id)) sold.push(text);
      if (id !== "-") known.add(id);
      writer.write(`sold ${id}\n`);
      await writer.drain();
    }
  }, { hostname: "0.0.0.0", port: 7000 });
  await server.serveForever();
}

/** Goes on with the orders, over a new connection, whenever one fails. */
async function placeOrders(texts: readonly string[], customer: Customer): Promise<void> {
  const queue = texts.map((text) => ({ id: crypto.randomUUID(), text }));
  while (queue.length > 0) {
    try {
      const connection = await openConnection({
        hostname: "shop",
        port: 7000,
        connectTimeout: 2000,
        // An order that was given up must not arrive late.
        resetOnAbort: true,
      });
      await customer(queue, connection).finally(() => connection.transport.abort());
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** The world in which a customer is tried. It fails if an order is not sold, or is sold twice. */
function shopWorld(customer: Customer): (world: World) => Promise<void> {
  return async (world) => {
    const orders = ["apples", "bread", "cheese", "dates", "eggs", "figs", "grapes", "honey"];
    const sold: string[] = [];
    world.host("shop", () => serveShop(sold));
    await world.client("customer", () => placeOrders(orders, customer));
    const times = orders.map((order) => sold.filter((one) => one === order).length);
    if (times.includes(0)) throw new Error("an order is lost");
    if (times.some((one) => one > 1)) throw new Error("an order is sold twice");
  };
}

async function main(): Promise<void> {
  const { runs } = readFlags({
    runs: [100, "how many networks each version is tried in", toCount],
  });
  for (const [name, customer] of Object.entries({ forgetful, insistent, exact })) {
    try {
      const chaos = { kinds: ["partition"], interval: 3000 } as const;
      await explore(shopWorld(customer), { runs, chaos });
      console.log(`${name}: each order was sold once, in ${runs} networks`);
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      console.log(`${name}: ${error.message}`);
    }
  }
}

if (import.meta.main) await runProgram(main);
