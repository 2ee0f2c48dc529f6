import { abortable } from "../../../../protocols/waits/wait_signal.ts";
import type { Carrier } from "../../../core/carrier.ts";
import { DEFAULT_HOSTNAME, type Endpoint } from "../../../core/addresses.ts";
import { startTimer } from "../../../core/clock.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { familyOf } from "../../../core/ip_address.ts";
import type { DialOptions } from "../../network.ts";
import { lookUpHost } from "../../_look_up_host.ts";
import { connectToHost } from "../../connect_to_any.ts";
import { lookUpAddresses } from "../../look_up_addresses.ts";
import { AF, E, EPOLL, LEVEL, type Libc, SO, SOCK } from "../libc/libc.ts";
import { reactorOf, type ReadyHandler, type Watch } from "../_reactor.ts";
import { encodeIp, encodePath } from "../libc/socket_address.ts";
import { getOption, localAddressOf, openSocket, remoteAddressOf } from "../libc/socket_calls.ts";
import {
  bindLocally,
  connectFastOpen,
  prepareConnection,
  prepareSocket,
} from "../_socket_settings.ts";
import type { SpecialSocketOptions } from "../../special_options.ts";
import { makeStreamCarrier } from "./lingering_carrier.ts";

/** The first and the longest wait, in milliseconds, for a Unix server whose backlog is full. */
const BACKLOG_RETRIES_MS = { first: 1, longest: 100 } as const;

/** See `Network.connect`. */
export async function connect(
  libc: Libc,
  place: Endpoint,
  options: DialOptions,
): Promise<Carrier> {
  const { hostname = DEFAULT_HOSTNAME, port = 0, path } = place;
  const { signal } = options;
  signal.throwIfAborted();
  if (path !== undefined) return await connectUnix(libc, path, signal);
  const dial = (address: string, signal: AbortSignal): Promise<Carrier> =>
    connectIp(libc, address, port, options, signal);
  if (familyOf(hostname.replace(/^\[|\]$/g, "")) !== null) return await dial(hostname, signal);
  const found = lookUpAddresses(options.lookup ?? lookUpHost, hostname);
  return await connectToHost(hostname, found, dial, options);
}

async function connectIp(
  libc: Libc,
  hostname: string,
  port: number,
  options: DialOptions,
  signal: AbortSignal,
): Promise<Carrier> {
  const address = encodeIp(libc, hostname, port);
  const fd = openSocket(libc, address.length === 16 ? AF.INET : AF.INET6, SOCK.STREAM);
  let connecting: Connecting;
  try {
    bindLocally(libc, fd, address.length, options);
    prepareSocket(libc, fd, address.length !== 16, options);
    prepareConnection(libc, fd, options);
    if (options.fastOpen) connectFastOpen(libc, fd);
    connecting = new Connecting(libc, fd, address);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  await connecting.settled(signal);
  return toCarrier(libc, fd, address, options);
}

/** Takes a socket whose connection to `address` has come about. */
function toCarrier(
  libc: Libc,
  fd: number,
  address: Uint8Array<ArrayBuffer>,
  { resetOnAbort, linger }: SpecialSocketOptions = {},
): Carrier {
  try {
    const local = localAddressOf(libc, fd, "stream");
    const remote = remoteAddressOf(libc, fd, address);
    const isItself = local.transport === "tcp" && remote.transport === "tcp" &&
      local.port === remote.port && local.hostname === remote.hostname;
    // A port that a client has by chance may be the one it calls (RFC 9293 section 3.5).
    if (isItself) throw fromErrno(E.CONNREFUSED);
    return makeStreamCarrier(libc, fd, { local, remote, resetsOnAbort: resetOnAbort }, linger);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

async function connectUnix(libc: Libc, path: string, signal: AbortSignal): Promise<Carrier> {
  const address = encodePath(path);
  for (let pause: number = BACKLOG_RETRIES_MS.first;;) {
    const fd = openSocket(libc, AF.UNIX, SOCK.STREAM);
    if (libc.connect(fd, address, address.length) === 0) return toCarrier(libc, fd, address);
    const { errno } = libc;
    libc.close(fd);
    // The backlog is full: no event tells when that is over.
    if (errno !== E.AGAIN) throw fromErrno(errno);
    const waited = Promise.withResolvers<void>();
    const cancel = startTimer(pause, waited.resolve);
    try {
      await abortable(waited.promise, signal);
    } finally {
      cancel();
    }
    pause = Math.min(2 * pause, BACKLOG_RETRIES_MS.longest);
  }
}

/** A connection that is being made. */
class Connecting implements ReadyHandler {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #outcome: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Begins; owns the socket until {@linkcode settled} resolves. */
  constructor(libc: Libc, fd: number, address: Uint8Array<ArrayBuffer>) {
    this.#libc = libc;
    this.#fd = fd;
    this.#watch = reactorOf(libc).open(fd, this);
    const isDone = libc.connect(fd, address, address.length) === 0;
    const errno = isDone ? 0 : libc.errno;
    if (isDone) this.#outcome.resolve();
    // Interrupted, it goes on as well: connect(2).
    else if (errno === E.INPROGRESS || errno === E.INTR) this.#await();
    else this.#outcome.reject(fromErrno(errno));
  }

  /**
   * Resolves when the connection is there; the socket is the caller's then. Else it is closed.
   */
  async settled(signal: AbortSignal): Promise<void> {
    try {
      await abortable(this.#outcome.promise, signal);
      signal.throwIfAborted();
      this.#watch.release();
    } catch (error) {
      this.#watch.close();
      throw error;
    }
  }

  #await(): void {
    try {
      this.#watch.interest = EPOLL.OUT;
    } catch (error) {
      this.#outcome.reject(error);
    }
  }

  onReady(): void {
    this.#watch.interest = 0;
    try {
      const errno = getOption(this.#libc, this.#fd, LEVEL.SOCKET, SO.ERROR);
      if (errno === 0) this.#outcome.resolve();
      else this.#outcome.reject(fromErrno(errno));
    } catch (error) {
      this.#outcome.reject(error);
    }
  }
}
