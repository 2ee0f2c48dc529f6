/** What a server to be measured is: a program in some runtime, run in its own process. */

import type { Role } from "./scenario.ts";

/** What runs a server program. */
export type Runtime =
  | "deno"
  | "sluice"
  | "node"
  | "bun"
  | "python"
  | "uvloop"
  | "cc"
  | "std"
  | "redis";

/**
 * A server that can be measured. Its program listens on a free port of 127.0.0.1 and prints one
 * line that ends with `:PORT` as soon as it accepts.
 */
export interface ServerProgram {
  /** Its name on the command line. */
  readonly name: string;
  /** Its name in tables and charts. */
  readonly label: string;
  /** What runs it. */
  readonly runtime: Runtime;
  /** For each role that it can play, the file in bench/servers/ and its arguments. */
  readonly roles: Readonly<Partial<Record<Role, readonly string[]>>>;
}

/** The server that ratios are taken to, unless a scenario has another one. */
export const BASE_SERVER = "deno-raw";

/** The same server once more at the end of each round: how far the two are apart is noise. */
export const CONTROL_SERVER = "deno-raw-again";

/**
 * Tells this project's servers from the others.
 *
 * @param server A server.
 * @returns Whether it is one of ours.
 */
export function isOwn(server: ServerProgram): boolean {
  return server.runtime === "sluice";
}
