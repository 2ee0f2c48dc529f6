import { type OpenWait, traceCall } from "../engine/open_wait.ts";
import { SimulatedConnection } from "./connection.ts";
import type { SimulatedDatagrams } from "./datagrams.ts";
import { SimulatedListener } from "./listener.ts";
import { type Addr, isLoopback, isWildcard, showAddr, tcpAddr, unixAddr } from "./place.ts";
import { addressInUse, addressNotAvailable } from "./socket_errors.ts";
import type { Wire } from "./wire.ts";

/** The first port that is given to clients. */
const FIRST_FREE_PORT = 49_152;
/** The last port there is. */
const LAST_PORT = 65_535;
/** How many connections wait until they are accepted: the default of Deno. */
const BACKLOG = 511;

/** The answer of a machine to those that connect to it. */
export type ConnectAnswer = "accept" | "refuse" | "ignore";

/** The events of a machine. */
export interface MachineEvents {
  /** The program began to wait. */
  onWait(what: string): void;
}

/** The network side of a host: its addresses, its sockets, and what is wrong with them. */
export class Machine {
  /** The name of the host. */
  readonly name: string;
  /** Its address. */
  readonly address: string;
  /** Everything between hosts. */
  readonly wire: Wire;
  /** Whether it is on. */
  isUp = true;
  /** The answer to hosts that connect to it. */
  answer: ConnectAnswer = "accept";
  readonly #events: MachineEvents;
  #isReading = true;
  #hasDescriptors = true;
  #nextPort = FIRST_FREE_PORT;
  readonly #listeners = new Set<SimulatedListener>();
  readonly #connections = new Set<SimulatedConnection>();
  readonly #datagrams = new Set<SimulatedDatagrams>();

  /** A machine without sockets. */
  constructor(name: string, address: string, wire: Wire, events: MachineEvents) {
    this.name = name;
    this.address = address;
    this.wire = wire;
    this.#events = events;
  }

  /** The connections of its program. */
  get connections(): ReadonlySet<SimulatedConnection> {
    return this.#connections;
  }

  /** The listeners of its program. */
  get listeners(): ReadonlySet<SimulatedListener> {
    return this.#listeners;
  }

  /** The datagram sockets of its program. */
  get datagrams(): ReadonlySet<SimulatedDatagrams> {
    return this.#datagrams;
  }

  /** Whether its program reads what arrives. */
  get isReading(): boolean {
    return this.#isReading;
  }

  set isReading(value: boolean) {
    this.#isReading = value;
    for (const connection of this.#connections) connection.wake();
  }

  /** Whether it has descriptors left. */
  get hasDescriptors(): boolean {
    return this.#hasDescriptors;
  }

  set hasDescriptors(value: boolean) {
    this.#hasDescriptors = value;
    for (const listener of this.#listeners) listener.wake();
  }

  /** Something went on. */
  touch(): void {
    this.wire.scheduler.touch();
  }

  /** An operation waits. `isTraced`: the program called it, not the library. */
  waits(what: string, isTraced: boolean): OpenWait {
    this.#events.onWait(what);
    return { what, since: this.wire.scheduler.now, trace: isTraced ? traceCall() : null };
  }

  /** A connection was closed. */
  onClosed(connection: SimulatedConnection): void {
    this.#connections.delete(connection);
  }

  /** A listener was closed. */
  onListenerClosed(listener: SimulatedListener): void {
    this.#listeners.delete(listener);
  }

  /** A datagram socket was closed. */
  onDatagramsClosed(socket: SimulatedDatagrams): void {
    this.#datagrams.delete(socket);
  }

  /** Listens on a port. */
  listenTcp(hostname: string, port: number, backlog: number = BACKLOG): SimulatedListener {
    const bound = this.#bind(hostname, port, (place) => this.#isPortFree(place, this.#listeners));
    return this.#listen(tcpAddr(hostname, bound), backlog);
  }

  /** Listens on a path. */
  listenUnix(path: string, backlog: number = BACKLOG): SimulatedListener {
    if (this.listenerAt(unixAddr(path)) !== undefined) throw addressInUse();
    return this.#listen(unixAddr(path), backlog);
  }

  /** A listener for a program that is gone: it listens nowhere. */
  orphanListener(): SimulatedListener {
    const listener = new SimulatedListener(this, "nowhere", tcpAddr(this.address, 0), 0);
    listener.vanish();
    return listener;
  }

  /** The listener that a client gets to that connects to an address. */
  listenerAt(addr: Addr): SimulatedListener | undefined {
    const found = [...this.#listeners].filter((one) => covers(one.addr, addr));
    // The one that names the address goes before the one for all.
    return found.find((one) => "hostname" in one.addr && !isWildcard(one.addr.hostname)) ??
      found[0];
  }

  /** Adds an end of a connection. */
  connection(localAddr: Addr, remoteAddr: Addr, arrow: string): SimulatedConnection {
    const name = `${showAddr(localAddr)} ${arrow} ${showAddr(remoteAddr)}`;
    const connection = new SimulatedConnection(this, name, localAddr, remoteAddr);
    this.#connections.add(connection);
    return connection;
  }

  /** The address that a client connects from. */
  sourceFor(target: string, port: number = this.freePort()): Deno.NetAddr {
    if (isLoopback(target)) return tcpAddr(target.includes(":") ? "::1" : "127.0.0.1", port);
    return tcpAddr(this.address, port);
  }

  /** Adds a datagram socket. `make` is given the port. */
  bindDatagrams(
    hostname: string,
    port: number,
    isShared: boolean,
    make: (port: number) => SimulatedDatagrams,
  ): SimulatedDatagrams {
    const rivals = [...this.#datagrams].filter((one) => !(isShared && one.isShared));
    const bound = this.#bind(hostname, port, (place) => this.#isPortFree(place, rivals));
    const socket = make(bound);
    socket.since = this.wire.scheduler.now;
    this.#datagrams.add(socket);
    return socket;
  }

  /** A port for a client. */
  freePort(): number {
    const port = this.#nextPort++;
    if (this.#nextPort > LAST_PORT) this.#nextPort = FIRST_FREE_PORT;
    return port;
  }

  /** Whether an address is one of its own. */
  has(hostname: string): boolean {
    return isWildcard(hostname) || isLoopback(hostname) || hostname === this.address;
  }

  /** Its power is gone, or only its program: then its system closes the sockets. */
  clear(isPowerLost: boolean): void {
    for (const one of [...this.#listeners, ...this.#connections]) {
      if (isPowerLost) one.vanish();
      else one.abandon();
    }
    for (const socket of this.#datagrams) socket.vanish();
    this.#listeners.clear();
    this.#connections.clear();
    this.#datagrams.clear();
  }

  #listen(addr: Addr, backlog: number): SimulatedListener {
    this.touch();
    const listener = new SimulatedListener(this, showAddr(addr), addr, backlog);
    this.#listeners.add(listener);
    return listener;
  }

  #bind(hostname: string, port: number, isFree: (addr: Deno.NetAddr) => boolean): number {
    this.touch();
    if (!this.has(hostname)) throw addressNotAvailable();
    if (port !== 0) {
      if (isFree(tcpAddr(hostname, port))) return port;
      throw addressInUse();
    }
    for (let left = LAST_PORT - FIRST_FREE_PORT; left > 0; left--) {
      const found = this.freePort();
      if (isFree(tcpAddr(hostname, found))) return found;
    }
    throw addressInUse();
  }

  #isPortFree(place: Deno.NetAddr, taken: Iterable<{ readonly addr: Addr }>): boolean {
    for (const { addr } of taken) {
      if ("port" in addr && addr.port === place.port && overlap(addr.hostname, place.hostname)) {
        return false;
      }
    }
    return true;
  }
}

function overlap(a: string, b: string): boolean {
  return a === b || isWildcard(a) || isWildcard(b);
}

/** Whether a listener at `addr` takes connections to `target`. */
function covers(addr: Addr, target: Addr): boolean {
  if ("path" in addr || "path" in target) {
    return "path" in addr && "path" in target && addr.path === target.path;
  }
  if (!("port" in addr) || !("port" in target) || addr.port !== target.port) return false;
  // The wildcard of IPv6 takes IPv4 as well.
  const isOtherFamily = addr.hostname === "0.0.0.0" && target.hostname.includes(":");
  return addr.hostname === target.hostname || (isWildcard(addr.hostname) && !isOtherFamily);
}
