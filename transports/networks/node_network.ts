import { DEFAULT_HOSTNAME } from "../core/addresses.ts";
import { lookUpHost } from "./_look_up_host.ts";
import type { Network } from "./network.ts";
import { NODE_OPTIONS } from "./special_options.ts";

/**
 * The sockets of node:net. They are served in turn and hold less memory than Deno's, which shows
 * from some hundred connections on; with few connections both are about as fast.
 *
 * Needs `--allow-net`, and for Unix sockets `--allow-read --allow-write` as well.
 */
export const nodeNetwork: Network = {
  name: "nodeNetwork",
  honours: NODE_OPTIONS,
  // Only a program that uses it loads node:net.
  connect: async (place, options) =>
    await (await import("./_node_connections.ts")).connect(place, options),
  listen: async (place, options) =>
    await (await import("./_node_connections.ts")).listen(place, options),
  bindDatagrams: async ({ hostname = DEFAULT_HOSTNAME, port = 0, path }, options) => {
    if (path !== undefined) {
      throw new TypeError(
        "Cannot bind: nodeNetwork has no Unix sockets for datagrams, denoNetwork has them with " +
          "deno run --unstable-net",
      );
    }
    const { bindNodeDatagrams } = await import("../datagrams/carriers/node_datagram_carrier.ts");
    return await bindNodeDatagrams(hostname, port, options);
  },
  lookup: lookUpHost,
};
