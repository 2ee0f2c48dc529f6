import { once } from "node:events";
import type { Server, Socket } from "node:net";
import type { NetAddress, UnixAddress } from "../../protocols/facts/address.ts";
import { given } from "../../protocols/option_checks.ts";
import { TakeQueue } from "../../protocols/waits/take_queue.ts";
import { onAbort } from "../../protocols/waits/wait_signal.ts";
import type { Carrier } from "../core/carrier.ts";
import { DEFAULT_HOSTNAME, type Endpoint, formatHostPort, isWildcard } from "../core/addresses.ts";
import type { NodeSocketCarrier } from "../carriers/node_socket_carrier.ts";
import type { SocketOptions } from "../carriers/socket_options.ts";
import { backgroundClock, startTimer, toTimerMs } from "../core/clock.ts";
import { fromNodeError } from "../core/os_error.ts";
import type { NetworkListener } from "../servers/network_listener.ts";
import { familyOf } from "../core/ip_address.ts";
import { overStaleSocket } from "./_unix_listener.ts";
import { makeCarrier, SharedReadServer, SharedReadSocket } from "./_node_sockets.ts";
import type { BindOptions, DialOptions, ListenPlace } from "./network.ts";
import type { SpecialSocketOptions } from "./special_options.ts";
import { lookUpHost } from "./_look_up_host.ts";
import { connectToHost } from "./connect_to_any.ts";
import { lookUpToDial } from "./look_up_addresses.ts";

/** How often a server looks whether connections were left behind, in milliseconds. */
const LOOK_AGAIN_MS = 1000;
/** How many connections wait for `accept()` before further ones are refused: the usual backlog. */
const DEFAULT_BACKLOG = 511;

/**
 * See `Network.connect`. The addresses of a host are tried beside each other: node:net gives one up
 * before it tries the next.
 */
export async function connect(place: Endpoint, options: DialOptions): Promise<Carrier> {
  options.signal.throwIfAborted();
  const { hostname = DEFAULT_HOSTNAME, path } = place;
  if (path !== undefined || familyOf(hostname) !== null) return await dial(place, options);
  if (options.lookup === undefined) {
    requireNetPermission(formatHostPort(hostname, place.port ?? 0));
  }
  const found = lookUpToDial(hostname, place.port, options.lookup ?? lookUpHost);
  return await connectToHost(
    hostname,
    found,
    (address, signal) => dial({ ...place, hostname: address }, { ...options, signal }),
    options,
  );
}

/** Connects to one address or path; or to a host by its name, without the permission for more. */
function dial(place: Endpoint, options: DialOptions): Promise<Carrier> {
  const { signal, localAddress, localPort, happyEyeballsDelay } = options;
  const { path, hostname = DEFAULT_HOSTNAME, port = 0 } = place;
  const { promise, resolve, reject } = Promise.withResolvers<Carrier>();
  const socket = new SharedReadSocket();
  const stop = onAbort(signal, () => {
    socket.destroy();
    reject(signal.reason);
  });
  // It also listens when the attempt is over: an error without a listener ends the program.
  socket.on("error", (error) => reject(describe(error, localAddress)));
  socket.once("connect", () => {
    applyOptions(socket, options);
    resolve(makeCarrier(socket, options, path === undefined ? path : { transport: "unix", path }));
  });
  socket.connect(
    path !== undefined ? { path } : {
      host: hostname,
      port,
      ...given({
        localAddress,
        localPort,
        autoSelectFamilyAttemptTimeout: happyEyeballsDelay && toTimerMs(happyEyeballsDelay),
      }),
    },
  );
  return promise.finally(stop);
}

/** See `Network.listen`. */
export async function listen(place: ListenPlace, options: BindOptions): Promise<NetworkListener> {
  const { path, hostname = DEFAULT_HOSTNAME, port = 0, fd } = place;
  if (fd === undefined && path === undefined) requireNetPermission(formatHostPort(hostname, port));
  const isFile = path !== undefined && !path.startsWith("\0");
  return isFile
    ? await overStaleSocket(path, () => startListening(place, options))
    : await startListening(place, options);
}

async function startListening(place: ListenPlace, options: BindOptions): Promise<NetworkListener> {
  const { path, hostname = DEFAULT_HOSTNAME, port = 0, fd } = place;
  const { backlog = DEFAULT_BACKLOG, reusePort = false } = options;
  const server = new SharedReadServer();
  const listening = once(server, "listening");
  // An error that has no listener, as of an accept later on, ends the program.
  server.on("error", () => {});
  if (fd !== undefined) server.listen({ fd });
  else if (path !== undefined) server.listen({ path, backlog });
  else server.listen({ host: hostname, port, backlog, reusePort });
  try {
    await listening;
  } catch (error) {
    if (path !== undefined) throw describe(error);
    if (fd === undefined) throw describeBind(error);
    throw describeInherited(error, fd);
  }
  return new NodeListener(server, backlog, options, path);
}

/**
 * Node reports a permission that is missing in a way that cannot be caught, so it is asked for
 * here.
 */
function requireNetPermission(host: string): void {
  const descriptor = { name: "net", host } as const;
  if (Deno.permissions.requestSync(descriptor).state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires net access to "${host}", run again with the --allow-net flag`,
  );
}

function applyOptions(socket: Socket, options: SocketOptions & SpecialSocketOptions): void {
  const { noDelay = true, keepAlive = false, keepAliveDelay } = options;
  if (noDelay) socket.setNoDelay(true);
  if (keepAlive) socket.setKeepAlive(true, keepAliveDelay);
}

function describe(error: unknown, localAddress?: string): unknown {
  const syscall = error instanceof Error && "syscall" in error ? error.syscall : undefined;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const isLocal = syscall === "bind" || code === "EINVAL" || code === "EAFNOSUPPORT";
  if (localAddress === undefined || !isLocal) return fromNodeError(error);
  const message = `localAddress ${localAddress} is not an address of this machine, or is in use, ` +
    "or is of another family than the host";
  return new Deno.errors.AddrNotAvailable(message, { cause: error });
}

function describeInherited(error: unknown, fd: number): TypeError {
  const isInUse = error instanceof Error && "code" in error && error.code === "EEXIST";
  const problem = isInUse ? "in use by this program already" : "not a listening socket";
  return new TypeError(`Cannot listen: fd ${fd} is ${problem}`, { cause: error });
}

/** Deno's node:net says EINVAL of an address that the machine does not have. */
function describeBind(error: unknown): unknown {
  const isMissing = error instanceof Error && "code" in error && error.code === "EINVAL";
  if (!isMissing) return describe(error);
  const message = "the machine does not have this address";
  return new Deno.errors.AddrNotAvailable(message, { cause: error });
}

/**
 * A server of node:net that listens. Its connections come unasked; they wait here for `accept()`.
 */
class NodeListener implements NetworkListener {
  readonly address: NetAddress | UnixAddress;
  readonly #server: Server;
  readonly #backlog: number;
  readonly #options: BindOptions;
  readonly #arrived = new TakeQueue<NodeSocketCarrier>();
  #stopTimer: () => void = () => {};

  constructor(server: Server, backlog: number, options: BindOptions, path: string | undefined) {
    this.#server = server;
    this.#backlog = backlog;
    this.#options = options;
    this.address = addressOf(server, path);
    server.on("connection", (socket: Socket) => this.#onConnection(socket));
    this.#lookAgain();
  }

  async accept(): Promise<Carrier> {
    const carrier = await this.#arrived.take();
    if (carrier === undefined) throw new Deno.errors.BadResource("Listener has been closed");
    return carrier;
  }

  ref(): void {
    this.#server.ref();
  }

  unref(): void {
    this.#server.unref();
  }

  close(): void {
    this.#stopTimer();
    this.#server.close();
    this.#arrived.end();
    for (const carrier of this.#arrived.clear()) drop(carrier);
  }

  #lookAgain(): void {
    this.#stopTimer = startTimer(LOOK_AGAIN_MS, () => {
      lookForConnections(this.#server, this.#backlog);
      this.#lookAgain();
    }, backgroundClock);
  }

  #onConnection(socket: Socket): void {
    applyOptions(socket, this.#options);
    // Bound to all addresses of the machine, it does not tell which one a connection has.
    const local = isWildcard(this.address) ? undefined : this.address;
    const carrier = makeCarrier(socket, this.#options, local);
    const { isAwaited, size, hasEnded } = this.#arrived;
    if (isAwaited || (size < this.#backlog && !hasEnded)) this.#arrived.put(carrier);
    else drop(carrier);
  }
}

/**
 * Deno's server never accepts again, and tells nothing, once an accept has failed: for want of
 * descriptors, for instance. To have its handle listen anew makes it look; the socket stays the
 * same. Where the handle is another one nothing is done.
 */
function lookForConnections(server: Server, backlog: number): void {
  const handle: unknown = Reflect.get(server, "_handle");
  if (typeof handle !== "object" || handle === null || !("listen" in handle)) return;
  if (typeof handle.listen === "function") handle.listen(backlog);
}

function drop(carrier: NodeSocketCarrier): void {
  carrier.close({ endedBy: "abort", error: null });
}

function addressOf(server: Server, path: string | undefined): NetAddress | UnixAddress {
  const bound = server.address();
  // An inherited socket may be a Unix socket, and tells its path itself.
  if (bound === null || typeof bound === "string") {
    return { transport: "unix", path: path ?? bound ?? "" };
  }
  return { transport: "tcp", hostname: bound.address, port: bound.port };
}
