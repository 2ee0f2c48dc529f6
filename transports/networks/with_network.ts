import type { AsyncLocalStorage } from "node:async_hooks";
import { nodeModule } from "../core/node_module.ts";
import { denoNetwork } from "./deno_network.ts";
import type { Network } from "./network.ts";

// Made by the first call of withNetwork(): before that, the default is in force everywhere.
let inForce: AsyncLocalStorage<Network> | null = null;

/**
 * Runs a function in which connections come from `network`: everything that the function starts,
 * asynchronously too, connects and listens there unless it is given another `network` by option.
 * Calls may be nested.
 *
 * @example A network for a whole program
 * ```ts
 * import { createServer, denoNetwork, openConnection, withNetwork } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const places: string[] = [];
 * const logging = {
 *   ...denoNetwork,
 *   connect: (...[place, options]: Parameters<typeof denoNetwork.connect>) => {
 *     places.push(`${place.hostname}`);
 *     return denoNetwork.connect(place, options);
 *   },
 * };
 * await withNetwork(logging, async () => {
 *   await using server = await createServer(() => ({}), { port: 0 });
 *   await using client = await openConnection({ hostname: "localhost", port: server.port });
 *   client.writer.close();
 * });
 * assertEquals(places, ["localhost"]);
 * ```
 *
 * @param network Where connections come from.
 * @param run The function; it is called at once.
 * @returns What `run` returns.
 */
export function withNetwork<T>(network: Network, run: () => T): T {
  inForce ??= new (nodeModule("node:async_hooks").AsyncLocalStorage)<Network>();
  return inForce.run(network, run);
}

/** The network of a call: the one that its options name, else the one in force. */
export function networkOf({ network }: { readonly network?: Network }): Network {
  return network ?? inForce?.getStore() ?? denoNetwork;
}
