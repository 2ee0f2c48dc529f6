import type { Endpoint } from "../core/addresses.ts";
import type { DatagramBindOptions, DatagramCarrier } from "./datagram_carrier.ts";
import { bindNativeDatagrams } from "./carriers/native_datagram_carrier.ts";
import { bindUnixDatagrams } from "./carriers/unix_datagram_carrier.ts";

/** The options that only node:dgram has. */
const NODE_OPTIONS = ["allowBroadcast", "ipv6Only", "ttl", "multicast"] as const;

/**
 * Binds a socket with what Deno has: `Deno.listenDatagram`, which takes less of the processor's
 * time, with `--unstable-net` and unless an option needs `node:dgram`; else that.
 *
 * @param place A port of an IP address, or the path of a Unix socket.
 * @throws {TypeError} For a Unix socket without `--unstable-net`.
 * @throws The error of the system.
 */
export async function bindDatagrams(
  { hostname = "127.0.0.1", port = 0, path }: Endpoint,
  options: DatagramBindOptions,
): Promise<DatagramCarrier> {
  // It type-checks without the flag, and is not there.
  const hasNative = typeof Deno.listenDatagram === "function";
  if (path !== undefined) {
    if (hasNative) return bindUnixDatagrams(path, options);
    throw new TypeError("Cannot bind: Unix datagram sockets need deno run --unstable-net");
  }
  const needsNode = NODE_OPTIONS.some((name) => options[name] !== undefined);
  if (hasNative && !needsNode) return bindNativeDatagrams(hostname, port, options);
  // Only a program that needs it loads node:dgram.
  const { bindNodeDatagrams } = await import("./carriers/node_datagram_carrier.ts");
  return await bindNodeDatagrams(hostname, port, options);
}
