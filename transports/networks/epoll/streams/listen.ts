import type { Address } from "../../../../protocols/facts/address.ts";
import { DEFAULT_HOSTNAME } from "../../../core/addresses.ts";
import type { NetworkListener } from "../../../servers/network_listener.ts";
import type { BindOptions, ListenPlace } from "../../network.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { familyOf } from "../../../core/ip_address.ts";
import { lookUpHost } from "../../_look_up_host.ts";
import { overStaleSocket } from "../../_unix_listener.ts";
import { AF, E, IPV6, LEVEL, type Libc, SO, SOCK } from "../libc/libc.ts";
import { reactorOf } from "../_reactor.ts";
import { takeOver } from "../descriptors/descriptor.ts";
import { encodeIp, encodePath } from "../libc/socket_address.ts";
import {
  check,
  getOption,
  localAddressOf,
  openSocket,
  setNonBlocking,
  setOption,
} from "../libc/socket_calls.ts";
import { acceptFastOpen, prepareConnection, prepareSocket } from "../_socket_settings.ts";
import { StreamListener } from "./stream_listener.ts";
import { removerOf } from "./socket_file.ts";

/** How many connections wait for `accept()` before further ones are refused: the usual backlog. */
const DEFAULT_BACKLOG = 511;

/** An `int` has no more; the system allows less: net.core.somaxconn. */
const MAX_BACKLOG = 0x7fff_ffff;

/** See `Network.listen`. */
export async function listen(
  libc: Libc,
  place: ListenPlace,
  options: BindOptions,
): Promise<NetworkListener> {
  const { path, hostname = DEFAULT_HOSTNAME, port = 0, fd } = place;
  if (fd !== undefined) return adopt(libc, fd, options);
  if (path === undefined) return listenIp(libc, await addressOf(hostname), port, options);
  if (path.startsWith("\0")) return listenUnix(libc, path, options);
  return await overStaleSocket(path, () => Promise.resolve(listenUnix(libc, path, options)));
}

/** The address of a host; a name that comes here has one. */
async function addressOf(hostname: string): Promise<string> {
  if (familyOf(hostname.replace(/^\[|\]$/g, "")) !== null) return hostname;
  return (await lookUpHost(hostname))[0] ?? hostname;
}

function listenIp(
  libc: Libc,
  hostname: string,
  port: number,
  options: BindOptions,
): NetworkListener {
  const address = encodeIp(libc, hostname, port);
  const isIpv4 = address.length === 16;
  const fd = openSocket(libc, isIpv4 ? AF.INET : AF.INET6, SOCK.STREAM);
  try {
    setOption(libc, fd, LEVEL.SOCKET, SO.REUSEADDR, 1);
    if (options.reusePort) setOption(libc, fd, LEVEL.SOCKET, SO.REUSEPORT, 1);
    prepareSocket(libc, fd, !isIpv4, options);
    if (!isIpv4 && options.ipv6Only !== undefined) {
      setOption(libc, fd, LEVEL.IPV6, IPV6.V6ONLY, Number(options.ipv6Only));
    }
    check(libc, libc.bind(fd, address, address.length));
    if (options.fastOpen) acceptFastOpen(libc, fd);
    return startListening(libc, fd, options);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function listenUnix(libc: Libc, path: string, options: BindOptions): NetworkListener {
  const address = encodePath(path);
  const fd = openSocket(libc, AF.UNIX, SOCK.STREAM);
  let removeFile = (): void => {};
  try {
    check(libc, libc.bind(fd, address, address.length));
    removeFile = removerOf(path);
    return startListening(libc, fd, options, removeFile);
  } catch (error) {
    libc.close(fd);
    removeFile();
    throw error;
  }
}

/** A socket that listens already, of another process. */
function adopt(libc: Libc, fd: number, options: BindOptions): NetworkListener {
  if (reactorOf(libc).has(fd)) {
    throw new TypeError(`Cannot listen: fd ${fd} is in use by this program already`);
  }
  try {
    const isListening = getOption(libc, fd, LEVEL.SOCKET, SO.ACCEPTCONN) === 1;
    const isStream = getOption(libc, fd, LEVEL.SOCKET, SO.TYPE) === SOCK.STREAM;
    if (!isListening || !isStream) throw fromErrno(E.INVAL);
  } catch (cause) {
    throw new TypeError(`Cannot listen: fd ${fd} is not a listening socket`, { cause });
  }
  setNonBlocking(libc, fd);
  const listener = toListener(libc, fd, options);
  takeOver(fd);
  return listener;
}

function startListening(
  libc: Libc,
  fd: number,
  options: BindOptions,
  removeFile?: () => void,
): NetworkListener {
  const backlog = Math.min(options.backlog ?? DEFAULT_BACKLOG, MAX_BACKLOG);
  check(libc, libc.listen(fd, backlog));
  return toListener(libc, fd, options, removeFile);
}

function toListener(
  libc: Libc,
  fd: number,
  options: BindOptions,
  removeFile: () => void = () => {},
): NetworkListener {
  const address: Address = localAddressOf(libc, fd, "stream");
  const prepare = address.transport === "tcp"
    ? (accepted: number) => prepareConnection(libc, accepted, options)
    : () => {};
  const { linger, resetOnAbort: resetsOnAbort } = options;
  return new StreamListener(libc, fd, address, { prepare, removeFile, linger, resetsOnAbort });
}
