import type { SimulationOptions } from "../simulation_options.ts";

/** The words of the environment about runs, so that a failed one is repeated without editing. */
export interface Environment {
  /** `SLUICE_SEED`: goes before the seed of the program. */
  readonly seed?: number;
  /** `SLUICE_OPTIONS`: goes before the options of the program. */
  readonly options?: SimulationOptions;
}

/**
 * Reads `SLUICE_SEED` and `SLUICE_OPTIONS`, where that is permitted.
 *
 * @throws {TypeError} If one of them has no sense.
 */
export function readEnvironment(): Environment {
  const [seed, options] = [variable("SLUICE_SEED"), variable("SLUICE_OPTIONS")];
  return {
    ...(seed !== undefined && { seed: toSeed(seed) }),
    ...(options !== undefined && { options: toOptions(options) }),
  };
}

function variable(name: string): string | undefined {
  // Asked first: a test must not stop to ask for a permission.
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  const value = state === "granted" ? Deno.env.get(name) : undefined;
  return value === "" ? undefined : value;
}

function toSeed(text: string): number {
  if (/^\d+$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new TypeError(
    `Cannot simulate: SLUICE_SEED is "${text}", which is no whole number from 0 to ${2 ** 32 - 1}`,
  );
}

function toOptions(text: string): SimulationOptions {
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`Cannot simulate: SLUICE_OPTIONS is no JSON: ${text}`, { cause });
  }
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw new TypeError(`Cannot simulate: SLUICE_OPTIONS is no object of options: ${text}`);
}
