import type { NetAddress } from "../../../protocols/facts/address.ts";
import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { RandomSource } from "../engine/random_source.ts";
import type { Segment } from "../faults/segment_rule.ts";
import { corrupted } from "./corrupted.ts";
import { SimulatedDatagrams } from "./datagrams.ts";
import type { Lan } from "./lan.ts";
import type { Link } from "./link.ts";
import type { Machine } from "./machine.ts";
import { isWildcard, showAddr, tcpAddr } from "./place.ts";

/** A datagram that another one overtakes takes so many times the usual way longer. */
const OVERTAKEN = 4;

/** Options for binding a datagram socket. */
interface BindOptions {
  readonly maxDatagramSize: number;
  readonly isShared: boolean;
}

/**
 * Carries the datagrams of a world: each takes its own time, so they may overtake each other. It
 * may be lost, doubled, or too long for the link.
 */
export class PostOffice {
  readonly #lan: Lan;
  readonly #randoms = new Map<string, RandomSource>();

  /** Serves the machines of a network. */
  constructor(lan: Lan) {
    this.#lan = lan;
  }

  /** Binds a socket of a machine. */
  bind(
    machine: Machine,
    hostname: string,
    port: number,
    options: BindOptions,
  ): SimulatedDatagrams {
    const host = {
      touch: () => machine.touch(),
      post: (socket: SimulatedDatagrams, data: Bytes, to: NetAddress) =>
        this.#post(machine, socket, data, to),
      onDatagramsClosed: (socket: SimulatedDatagrams) => machine.onDatagramsClosed(socket),
    };
    return machine.bindDatagrams(
      hostname,
      port,
      options.isShared,
      (bound) => new SimulatedDatagrams(host, hostname, bound, options),
    );
  }

  #post(from: Machine, socket: SimulatedDatagrams, data: Bytes, to: NetAddress): void {
    for (const machine of this.#recipients(from, to)) {
      const source = isWildcard(socket.address.hostname)
        ? from.sourceFor(to.hostname, socket.address.port)
        : tcpAddr(socket.address.hostname, socket.address.port);
      this.#send(from, machine, { source, to, data });
    }
  }

  #recipients(from: Machine, { hostname }: NetAddress): Iterable<Machine> {
    if (isBroadcast(hostname) || isMulticast(hostname)) return this.#lan.machines;
    const machine = this.#lan.at(hostname, from);
    return machine === undefined ? [] : [machine];
  }

  #send(from: Machine, machine: Machine, letter: Letter): void {
    const { wire } = this.#lan;
    const link = wire.link(from.name, machine.name);
    const random = this.#randomOf(from, machine);
    const segment: Segment = {
      segment: "UDP",
      connection: 0,
      from: from.name,
      to: machine.name,
      source: showAddr(letter.source),
      destination: showAddr(tcpAddr(letter.to.hostname, letter.to.port)),
      offset: 0,
      data: letter.data,
    };
    wire.tell("sent", segment);
    const verdict = wire.judge(segment);
    const { loss = 0, duplication = 0, mtu = Infinity } = link.conditions;
    const isLost = verdict === "drop" || verdict === "reset" || random.chance(loss) ||
      letter.data.length > mtu;
    const delay = typeof verdict === "object" ? verdict.delay : 0;
    const arrived = verdict === "corrupt"
      ? { ...letter, data: corrupted(letter.data, random) }
      : letter;
    this.#travel(link, random, delay, machine, segment, isLost ? null : arrived);
    if (isLost || !(verdict === "duplicate" || random.chance(duplication))) return;
    wire.tell("duplicated", segment);
    this.#travel(link, random, delay, machine, segment, arrived);
  }

  #travel(
    link: Link,
    random: RandomSource,
    delay: number,
    machine: Machine,
    segment: Segment,
    letter: Letter | null,
  ): void {
    const { wire } = this.#lan;
    const usual = link.travelTime(wire.scheduler.now, segment.data.length, random.fraction);
    const isOvertaken = random.chance(link.conditions.reordering ?? 0);
    const travel = (isOvertaken ? (1 + OVERTAKEN) * usual : usual) + delay;
    wire.carry(
      segment,
      travel,
      () => letter !== null && machine.isUp && machine.isReading,
      () => letter && deliver(machine, letter),
    );
  }

  #randomOf(from: Machine, to: Machine): RandomSource {
    const name = `datagrams ${from.name}>${to.name}`;
    const known = this.#randoms.get(name);
    if (known !== undefined) return known;
    const random = this.#lan.wire.random.fork(name);
    this.#randoms.set(name, random);
    return random;
  }
}

/** A datagram with its addresses. */
interface Letter {
  readonly source: Deno.NetAddr;
  readonly to: NetAddress;
  readonly data: Bytes;
}

function deliver(machine: Machine, { source, to, data }: Letter): void {
  const from: NetAddress = { transport: "udp", hostname: source.hostname, port: source.port };
  const isForMany = isMulticast(to.hostname) || isBroadcast(to.hostname);
  const sockets = [...machine.datagrams].filter((socket) => takes(socket, to));
  // Of those that share a port only a datagram for many reaches all.
  for (const socket of isForMany ? sockets : sockets.slice(-1)) {
    socket.receive(copyOf(data), from);
  }
}

function takes(socket: SimulatedDatagrams, to: NetAddress): boolean {
  if (socket.address.port !== to.port) return false;
  if (isMulticast(to.hostname)) return socket.isIn(to.hostname);
  const { hostname } = socket.address;
  return hostname === to.hostname || isWildcard(hostname) || isWildcard(to.hostname);
}

function isMulticast(hostname: string): boolean {
  const first = Number(hostname.split(".")[0]);
  return (first >= 224 && first < 240) || /^ff/i.test(hostname);
}

function isBroadcast(hostname: string): boolean {
  return hostname === "255.255.255.255" || hostname === "10.255.255.255";
}
