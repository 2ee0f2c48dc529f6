import type { Fault } from "../faults/faults.ts";
import type { Host, HostMain, HostOptions } from "./host.ts";
import type { Netstat } from "./netstat.ts";
import type { SegmentRule } from "../faults/segment_rule.ts";
import type { SimulationEvent } from "../trace.ts";

/** Options for a rule about segments. */
export interface RuleOptions {
  /** Only what passes between these two hosts, both ways. Everything by default. */
  readonly between?: readonly [string, string];
}

/** Hosts, a network between them, and what goes wrong there. */
export interface World {
  /** The seed of this run. */
  readonly seed: number;
  /** Virtual time since the start, in milliseconds. */
  readonly now: number;
  /**
   * Adds a host and starts its program. A server: the world does not wait for it, and stops it at
   * the end without a word. If it throws, the run fails.
   *
   * A server that others are to reach listens on `"0.0.0.0"`: the default of this library,
   * `"127.0.0.1"`, is the host itself, as everywhere.
   *
   * @throws {TypeError} If the name or the address is taken.
   */
  host(name: string, main: HostMain, options?: HostOptions): Host;
  /**
   * Adds a host whose program has an end, which the world waits for. If it throws, the run fails.
   *
   * @returns What the program returns.
   * @throws {TypeError} If the name or the address is taken.
   */
  client<T>(name: string, main: HostMain<T>, options?: HostOptions): Promise<T>;
  /**
   * Lets nothing pass between two hosts, or between one and all others. Connections try again and
   * again, as TCP does.
   */
  partition(a: string, b?: string, options?: { readonly oneWay?: boolean }): void;
  /** Ends partitions: between two hosts, of one, or all. */
  heal(a?: string, b?: string): void;
  /** Holds the segments between two hosts until {@linkcode World.release}. */
  hold(a: string, b?: string): void;
  /** Delivers the segments that were held. */
  release(a: string, b?: string): void;
  /**
   * Turns a host off: its program ends in the middle, its peers are not told. With `process` only
   * the program ends, and the system of the host closes its connections.
   */
  crash(host: string, options?: { readonly process?: boolean }): void;
  /** Starts a host again; one that runs crashes first. */
  restart(host: string): void;
  /**
   * Applies any fault.
   *
   * @throws {TypeError} If there is no such fault or no such host.
   */
  inject(fault: Fault): void;
  /**
   * Asks a rule about every segment and datagram, until the end of the scope.
   *
   * @example The first datagram is lost
   * ```ts
   * import { openDatagrams } from "@sluice/net";
   * import { simulate } from "@sluice/net/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await simulate(async (world) => {
   *   let isFirst = true;
   *   using _rule = world.rule(({ segment }) => {
   *     if (segment !== "UDP" || !isFirst) return "pass";
   *     isFirst = false;
   *     return "drop";
   *   });
   *   await using receiver = await openDatagrams({ localAddr: { port: 0 } });
   *   await using sender = await openDatagrams({ remoteAddr: { port: receiver.port } });
   *   await sender.send("lost");
   *   await sender.send("found");
   *   const datagram = await receiver.receive();
   *   assertEquals(new TextDecoder().decode(datagram?.data), "found");
   * });
   * ```
   */
  rule(rule: SegmentRule, options?: RuleOptions): Disposable;
  /**
   * Stops the clock until work has settled that is done outside of the world, such as in another
   * thread. Files and `crypto.subtle` are seen to already.
   */
  outside<T>(work: PromiseLike<T>): Promise<T>;
  /**
   * The sockets of a host, or of all, as `netstat` lists them; as text, a table. Those that were
   * closed are not listed.
   *
   * @example A connection that is not accepted
   * ```ts
   * import { simulate } from "@sluice/net/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await simulate(async (world) => {
   *   using _listener = Deno.listen({ port: 7 });
   *   using _conn = await Deno.connect({ port: 7 });
   *   const states = world.netstat("main").sockets.map(({ state }) => state);
   *   assertEquals(states, ["LISTEN", "ESTABLISHED", "ESTABLISHED"]);
   *   assertEquals(world.netstat().sockets[0]?.receiveQueue, 1);
   * });
   * ```
   *
   * @throws {TypeError} If there is no such host.
   */
  netstat(host?: string): Netstat;
  /** Has a listener told everything that happens, until the end of the scope. */
  subscribe(listener: (event: SimulationEvent) => void): Disposable;
}
