/** A host of a simulated world. */
export interface Host {
  /** Its name, by which others find it. */
  readonly name: string;
  /** Its address. */
  readonly address: string;
  /** Whether its program runs: it did not end, and did not crash. */
  readonly isRunning: boolean;
}

/**
 * The program of a host. Its virtual time, its random numbers and its network are those of the
 * host, in everything that it starts.
 */
export type HostMain<T = unknown> = (host: Host) => T | Promise<T>;

/** Options for a host. */
export interface HostOptions {
  /**
   * Its IP address.
   *
   * @default {the next one of 10.0.0.0/8}
   */
  readonly address?: string;
  /**
   * Has it start again so many milliseconds after each crash. Without it, it stays down until
   * `world.restart`.
   */
  readonly restart?: number;
}
