import { check, checkOptions, type OptionTable } from "../../../protocols/option_checks.ts";
import { lookUpHost } from "../_look_up_host.ts";
import type { Network } from "../network.ts";
import { SPECIAL_OPTIONS } from "../special_options.ts";
import { bindDatagrams } from "./datagrams/bind_datagrams.ts";
import { connect } from "./streams/connect.ts";
import { listen } from "./streams/listen.ts";
import { loadLibc, mayLoadLibc } from "./libc/load_libc.ts";

/** Options for {@linkcode createEpollNetwork}. */
export interface EpollNetworkOptions {
  /**
   * The absolute path of the C library, which `--allow-ffi` may be confined to. By default it is
   * looked for where distributions have it.
   */
  readonly library?: string;
}

const CHECKS: OptionTable<EpollNetworkOptions> = { library: check.text };

/**
 * Makes an {@linkcode epollNetwork} that takes the C library from a given place.
 *
 * @example The usual place on Debian
 * ```ts ignore
 * import { createEpollNetwork } from "@sluice/net/epoll";
 *
 * const network = createEpollNetwork({ library: "/lib/x86_64-linux-gnu/libc.so.6" });
 * ```
 *
 * @param options Where the C library is.
 * @returns The network. The library is opened when it is first used.
 * @throws {TypeError} If an option is not known or of a wrong kind.
 */
export function createEpollNetwork(options: EpollNetworkOptions = {}): Network {
  checkOptions("create network", options, CHECKS);
  const { library } = options;
  // Opened now if that asks for no permission: to a test, its own use of it would be a leak.
  if (mayLoadLibc(library)) {
    try {
      loadLibc(library);
    } catch {
      // Told to the first that uses it.
    }
  }
  return {
    name: "epollNetwork",
    honours: SPECIAL_OPTIONS,
    honoursForDatagrams: ["fd", "receiveBufferSize", "reusePort", "sendBufferSize"],
    connect: async (place, options) => await connect(loadLibc(library), place, options),
    listen: async (place, options) => await listen(loadLibc(library), place, options),
    bindDatagrams: async (place, options, peer = null) =>
      await bindDatagrams(loadLibc(library), place, options, peer),
    lookup: lookUpHost,
  };
}

/**
 * The sockets of Linux, through its C library: the fastest network. It serves many connections in
 * turn and holds little memory for each.
 *
 * Needs Linux on x86-64 or aarch64 and `--allow-ffi`, which can be confined to the C library:
 * `--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6`. To look names up it needs `--allow-net`, and for
 * Unix sockets with a path `--allow-read --allow-write`. Where it cannot run, each call throws a
 * `TypeError` that says so.
 *
 * @example Nothing else changes
 * ```ts ignore
 * import { startServer } from "@sluice/net";
 * import { epollNetwork } from "@sluice/net/epoll";
 *
 * const server = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
 *   port: 8080,
 *   network: epollNetwork,
 * });
 * await server.serveForever();
 * ```
 */
export const epollNetwork: Network = createEpollNetwork();
