import { AssertionError } from "@std/assert";
import type { SimulationOptions, World } from "@sluice/net/testing";

/** Programs that run in many worlds, each with other faults, and what must be true of them. */
export interface Scenario {
  /** The name of its test. */
  readonly name: string;
  /** How many seeds the tests run. */
  readonly runs: number;
  /** The network and its faults. */
  readonly options: SimulationOptions;
  /** The programs. It throws if something is not as it must be. */
  main(world: World): Promise<void>;
}

/** Waits, in the time of the world. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Takes an error of a server or of a client: those of the network are expected, those of a check
 * fail
 * the run, as a rejection that no one handles.
 */
export function failOnAssertion(error: unknown): void {
  if (error instanceof AssertionError) void Promise.reject(error);
}
