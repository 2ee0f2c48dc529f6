import { given } from "../../protocols/option_checks.ts";
import { abortable, onAbort } from "../../protocols/waits/wait_signal.ts";
import { SocketCarrier } from "../carriers/socket_carrier.ts";
import { applySocketOptions } from "../carriers/socket_options.ts";
import type { Carrier, SecureCarrier } from "../core/carrier.ts";
import { nextTurn, toTimerMs } from "../core/clock.ts";
import { DEFAULT_HOSTNAME, type Endpoint, fromDenoAddr } from "../core/addresses.ts";
import type { NetworkListener } from "../servers/network_listener.ts";
import { listenNativeTls, secureCarrier, startNativeTls } from "../tls/tls_stack.ts";
import type { ResolvedTlsOptions } from "../tls/tls_options.ts";
import type { BindOptions, DialOptions, Network } from "./network.ts";
import { lookUpHost } from "./_look_up_host.ts";

/** The ports that closed listeners of this process still hold, and when each is free again. */
const heldPorts = new Map<number, Promise<unknown>>();

/** How many turns of the event loop a connection that came about takes, at most, to be given. */
const TURNS = 64;

/**
 * The sockets of Deno: `Deno.connect` and `Deno.listen`. This is the default network.
 *
 * Needs `--allow-net`, and for Unix sockets `--allow-read --allow-write` as well; `reusePort` needs
 * `--unstable-net`.
 */
export const denoNetwork: Network = {
  name: "denoNetwork",
  connect,
  listen,
  // Only a program that sends datagrams loads what does it.
  bindDatagrams: async (place, options) =>
    await (await import("../datagrams/bind_datagrams.ts")).bindDatagrams(place, options),
  lookup: lookUpHost,
  tls: { connect: connectSecure, listen: listenSecure },
};

async function connect(place: Endpoint, options: DialOptions): Promise<Carrier> {
  return new SocketCarrier(await dial(place, options));
}

async function connectSecure(
  place: Endpoint,
  options: DialOptions,
  tls: ResolvedTlsOptions,
): Promise<SecureCarrier> {
  // The native engine is chosen over TCP only.
  const conn = await dial(place, options) as Deno.TcpConn;
  return secureCarrier(await startNativeTls(conn, tls), tls);
}

async function dial(place: Endpoint, options: DialOptions): Promise<Deno.Conn> {
  const { path, hostname = DEFAULT_HOSTNAME, port = 0 } = place;
  if (path !== undefined) return await dialUnix(path, options.signal);
  const conn = await dialTcp(hostname, port, options);
  applySocketOptions(conn, options);
  return conn;
}

/**
 * Deno loses a connection that has just come about when the signal aborts: it stays open and has no
 * owner. So Deno is told a little later, and gives such a connection before that.
 */
async function dialTcp(hostname: string, port: number, options: DialOptions): Promise<Deno.Conn> {
  const { signal, happyEyeballsDelay } = options;
  signal.throwIfAborted();
  const later = new AbortController();
  const stop = onAbort(
    signal,
    () => void afterTurns(TURNS).then(() => later.abort(signal.reason)),
  );
  try {
    const conn = await Deno.connect({
      hostname,
      port,
      signal: later.signal,
      ...given({
        autoSelectFamilyAttemptDelay: happyEyeballsDelay && toTimerMs(happyEyeballsDelay),
      }),
    });
    if (!signal.aborted) return conn;
    conn.close();
    throw signal.reason;
  } finally {
    stop();
  }
}

async function afterTurns(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await nextTurn();
}

async function dialUnix(path: string, signal: AbortSignal): Promise<Deno.Conn> {
  const connecting = Deno.connect({ transport: "unix", path });
  try {
    return await abortable(connecting, signal);
  } catch (error) {
    // Deno ignores signals here: a connection that still comes about has no owner.
    connecting.then((conn) => conn.close(), () => {});
    throw error;
  }
}

async function listen(place: Endpoint, options: BindOptions): Promise<NetworkListener> {
  const { path, hostname = DEFAULT_HOSTNAME, port = 0 } = place;
  if (path === undefined) await heldPorts.get(port);
  const listener = path === undefined
    ? Deno.listen({ hostname, port, ...tcpOptions(options) })
    : await (await import("./_unix_listener.ts")).listenUnix(path);
  return toNetworkListener<Deno.Conn>(listener, options, (conn) => new SocketCarrier(conn));
}

async function listenSecure(
  { hostname = DEFAULT_HOSTNAME, port = 0 }: Endpoint,
  options: BindOptions,
  tls: ResolvedTlsOptions,
): Promise<NetworkListener> {
  await heldPorts.get(port);
  const listener = listenNativeTls({ hostname, port, ...tcpOptions(options) }, tls);
  return toNetworkListener(listener, options, (conn) => secureCarrier(conn, tls));
}

function toNetworkListener<C extends Deno.Conn>(
  listener: {
    readonly addr: Deno.Addr;
    accept(): Promise<C>;
    close(): void;
    ref(): void;
    unref(): void;
  },
  options: BindOptions,
  toCarrier: (conn: C) => Carrier,
): NetworkListener {
  const address = fromDenoAddr(listener.addr);
  if (address === undefined) throw new TypeError(`Cannot listen on ${listener.addr.transport}`);
  // Until it has settled, a closed listener holds on to its port.
  let accepting: Promise<C> | null = null;
  return {
    address,
    ref: () => listener.ref(),
    unref: () => listener.unref(),
    close(): void {
      listener.close();
      if (accepting !== null && address.transport === "tcp") releasePort(address.port, accepting);
    },
    async accept(): Promise<Carrier> {
      accepting = listener.accept();
      const conn = await accepting;
      try {
        applySocketOptions(conn, options);
      } catch (cause) {
        // Some systems let options fail once the peer is gone.
        throw new Deno.errors.ConnectionAborted("the peer left before it was accepted", { cause });
      }
      return toCarrier(conn);
    },
  };
}

function tcpOptions(options: BindOptions): { tcpBacklog?: number; reusePort?: boolean } {
  // Without the flag Deno does not throw but ends the process. The flag also turns on datagrams.
  if (options.reusePort && !("listenDatagram" in Deno)) {
    throw new TypeError(
      "Cannot listen: reusePort needs deno run --unstable-net, or network: nodeNetwork",
    );
  }
  return given({ tcpBacklog: options.backlog, reusePort: options.reusePort || undefined });
}

/** A listener on a port was closed; the system gives the port back when `released` has settled. */
function releasePort(port: number, released: Promise<unknown>): void {
  const all: Promise<unknown> = Promise.allSettled([heldPorts.get(port), released]).then(() => {
    if (heldPorts.get(port) === all) heldPorts.delete(port);
  });
  heldPorts.set(port, all);
}
