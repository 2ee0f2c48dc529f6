import type { ScheduledFault } from "./faults/faults.ts";

/** Something that a program left open when it ended. */
export interface Leftover {
  /** The host. */
  readonly host: string;
  /** The resource that is open, as `connection 10.0.0.1:49152 -> 10.0.0.2:80` or `timer`. */
  readonly what: string;
}

/** A run that came to its end. */
export interface SimulationRun<T> {
  /** The result of the function of the simulation. */
  readonly value: T;
  /** The seed. */
  readonly seed: number;
  /** How long the run took, in milliseconds of virtual time. */
  readonly virtualTime: number;
  /** How many events happened. */
  readonly steps: number;
  /** How many segments and datagrams were sent. */
  readonly segments: number;
  /** A number for everything that happened: two runs with the same digest went alike. */
  readonly digest: string;
  /** The faults of the schedule and of chaos. Given as `faults`, they happen again. */
  readonly faults: readonly ScheduledFault[];
  /**
   * The things that programs left open when they ended: connections, listeners, datagram sockets
   * and timers. Hosts that the world stopped are not counted.
   */
  readonly leftovers: readonly Leftover[];
}
