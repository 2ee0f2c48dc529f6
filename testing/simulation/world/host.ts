import {
  check,
  type OptionName,
  type OptionTable,
  wrongKind,
} from "../../../protocols/option_checks.ts";
import { finiteTime } from "../faults/fault_checks.ts";
import { isAddress } from "../network/names.ts";
import { isLoopback, isWildcard } from "../network/place.ts";

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

/** The name of a host: one that is neither an address nor means something else. */
export function hostName(value: unknown, option: OptionName): void {
  check.text(value, option);
  const name = String(value);
  if (name === "" || name === "*" || isAddress(name)) {
    throw wrongKind(option, value, 'cannot be the name of a host; give one such as "server"');
  }
}

function address(value: unknown, option: OptionName): void {
  check.text(value, option);
  const given = String(value);
  if (!isAddress(given) || isLoopback(given) || isWildcard(given)) {
    throw wrongKind(option, value, 'is not the address of one host, such as "10.1.2.3"');
  }
}

/** The checks of {@linkcode HostOptions}. */
export const HOST_CHECKS: OptionTable<HostOptions> = { address, restart: finiteTime(0) };
