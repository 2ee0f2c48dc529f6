/**
 * How a connection begins.
 *
 * ```text
 * client  SYN ->  the machine is off, ignores it, or the backlog is full: again after 1, 2, 4 ... s
 *                 no listener: RST -> ConnectionRefused
 *                 the listener takes it: SYN-ACK -> connected
 * ```
 *
 * The system answers, not the program: a connection is open before it was accepted. After six
 * attempts, 127 seconds, connecting fails with `TimedOut`.
 *
 * @module
 */
import { abortable } from "../../../protocols/waits/wait_signal.ts";
import type { Segment } from "../faults/segment_rule.ts";
import type { SimulatedConnection } from "./connection.ts";
import { Flow, type FlowEnds } from "./flow.ts";
import type { Lan } from "./lan.ts";
import type { SimulatedListener } from "./listener.ts";
import type { Machine } from "./machine.ts";
import { type Addr, showAddr, tcpAddr, unixAddr } from "./place.ts";
import {
  connectionRefused,
  noRoute,
  notFound,
  timedOut,
  tooManyOpenFiles,
} from "./socket_errors.ts";

/** The first wait before a SYN is sent again, in milliseconds; it doubles each time. */
const FIRST_RETRY_MS = 1000;
/** A SYN is sent again so often: tcp_syn_retries of Linux. */
const MAX_RETRIES = 6;

const NO_BYTES = new Uint8Array();

/** A client that connects: its address, and when it gives up. */
interface Dialling {
  readonly lan: Lan;
  readonly from: Machine;
  readonly signal?: AbortSignal | undefined;
  /** The address to connect from, if it is given. */
  readonly localAddress?: string | undefined;
  /** Looks names up instead of the world. */
  readonly lookup?:
    | ((hostname: string) => readonly string[] | Promise<readonly string[]>)
    | undefined;
  /** The port to connect from, if it is given. */
  readonly localPort?: number | undefined;
}

/** Connects to a port of a host, by name or by address. */
export async function connectTcp(
  dialling: Dialling,
  hostname: string,
  port: number,
): Promise<SimulatedConnection> {
  const { lan, from, signal } = dialling;
  from.touch();
  signal?.throwIfAborted();
  if (!from.hasDescriptors) throw tooManyOpenFiles();
  const lookUp = dialling.lookup ?? ((name) => lan.names.lookUp(name, from.name));
  const addresses = await abortable(Promise.resolve(lookUp(hostname)), signal);
  let failure: unknown = null;
  for (const address of addresses) {
    const to = lan.at(address, from);
    if (to === undefined) {
      failure = noRoute();
      continue;
    }
    const source = from.sourceFor(address, dialling.localPort);
    const local = { ...source, hostname: dialling.localAddress ?? source.hostname };
    const remote = tcpAddr(address, port);
    try {
      return await new Handshake(dialling, to, local, remote).run();
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
    }
  }
  throw failure ?? connectionRefused();
}

/** Connects to a path of the same machine. */
export async function connectUnix(dialling: Dialling, path: string): Promise<SimulatedConnection> {
  const { from, signal } = dialling;
  from.touch();
  signal?.throwIfAborted();
  if (!from.hasDescriptors) throw tooManyOpenFiles();
  if (from.listenerAt(unixAddr(path)) === undefined) throw notFound();
  return await new Handshake(dialling, from, unixAddr(null), unixAddr(path)).run();
}

/** One attempt to connect to one address. */
class Handshake {
  readonly #dialling: Dialling;
  readonly #from: Machine;
  readonly #to: Machine;
  readonly #ends: FlowEnds;
  readonly #name: string;
  readonly #client: SimulatedConnection;
  readonly #remote: Addr;
  readonly #outcome = Promise.withResolvers<void>();
  #hasArrived = false;
  #isSettled = false;

  constructor(dialling: Dialling, to: Machine, local: Addr, remote: Addr) {
    const { lan: { wire }, from } = dialling;
    this.#dialling = dialling;
    this.#from = from;
    this.#to = to;
    this.#remote = remote;
    const [source, destination] = [showAddr(local), showAddr(remote)];
    const connection = wire.nextConnection();
    this.#ends = { from: from.name, to: to.name, source, destination, connection };
    this.#name = wire.nameConnection(from.name, destination);
    this.#client = from.connection(local, remote, "->");
  }

  async run(): Promise<SimulatedConnection> {
    const { source, destination } = this.#ends;
    this.#client.opening = this.#from.waits(`connect ${source} -> ${destination}`, true);
    void this.#client.opened.then(() => this.#outcome.resolve());
    this.#sendSyn(0);
    try {
      await abortable(this.#outcome.promise, this.#dialling.signal);
      return this.#client;
    } catch (error) {
      this.#client.giveUp();
      throw error;
    } finally {
      this.#isSettled = true;
    }
  }

  get #wire(): Lan["wire"] {
    return this.#dialling.lan.wire;
  }

  /** The other direction. */
  get #back(): FlowEnds {
    const { from, to, source, destination, connection } = this.#ends;
    return { from: to, to: from, source: destination, destination: source, connection };
  }

  #sendSyn(attempt: number): void {
    if (this.#isSettled || !this.#from.isUp) return;
    if (attempt > MAX_RETRIES) return this.#outcome.reject(timedOut());
    const segment: Segment = { ...this.#ends, segment: "SYN", offset: 0, data: NO_BYTES };
    const link = this.#wire.link(this.#ends.from, this.#ends.to);
    const random = this.#wire.random.fork(`${this.#name} SYN ${attempt}`);
    this.#wire.tell("sent", segment);
    const verdict = this.#wire.judge(segment);
    const isLost = verdict === "drop" || random.chance(link.conditions.loss ?? 0);
    const delay = typeof verdict === "object" ? verdict.delay : 0;
    const travel = link.travelTime(this.#wire.scheduler.now, 0, random.fraction) + delay;
    this.#wire.carry(
      segment,
      travel,
      () => !isLost && this.#to.isUp && this.#to.answer !== "ignore",
      () => this.#onSyn(verdict === "reset"),
    );
    this.#wire.scheduler.after(
      FIRST_RETRY_MS * 2 ** attempt,
      this.#ends.from,
      () => this.#sendSyn(attempt + 1),
    );
  }

  #onSyn(isRefused: boolean): void {
    // The SYN of a connection that exists: its answer is on its way.
    if (this.#hasArrived) return;
    const listener = this.#to.listenerAt(this.#remote);
    if (isRefused || listener === undefined || this.#to.answer === "refuse") return this.#refuse();
    if (!listener.hasRoom) return;
    this.#hasArrived = true;
    this.#open(listener);
  }

  #open(listener: SimulatedListener): void {
    const isDual = "hostname" in listener.addr && listener.addr.hostname === "::";
    const seen = (addr: Addr): Addr =>
      isDual && "hostname" in addr && !addr.hostname.includes(":")
        ? { ...addr, hostname: `::ffff:${addr.hostname}` }
        : addr;
    const server = this.#to.connection(seen(this.#remote), seen(this.#client.localAddr), "<-");
    const wire = this.#wire;
    const random = wire.random.fork(this.#name);
    const there = new Flow(wire, this.#ends, random.fork("there"), this.#client, server);
    const back = new Flow(wire, this.#back, random.fork("back"), server, this.#client);
    this.#client.join(there, back);
    server.join(back, there);
    back.sendOpen();
    listener.offer(server);
  }

  /** The answer of a system without a listener. */
  #refuse(): void {
    const link = this.#wire.link(this.#back.from, this.#back.to);
    const segment: Segment = { ...this.#back, segment: "RST", offset: 0, data: NO_BYTES };
    this.#wire.tell("sent", segment);
    const random = this.#wire.random.fork(`${this.#name} RST`);
    const travel = link.travelTime(this.#wire.scheduler.now, 0, random.fraction);
    this.#wire.carry(segment, travel, () => this.#from.isUp, () => {
      this.#from.touch();
      this.#outcome.reject(connectionRefused());
    });
  }
}
