/** Clocks, and the JSON lines that the load generator prints. */

import process from "node:process";
import { cpuSecondsOf } from "../harness/process_usage.ts";
import type { Settings } from "./settings.ts";

/** The server answered with bytes that it had not been sent. */
export class WrongBytesError extends Error {
  override readonly name = "WrongBytesError";
}

/** What a mode measured, by the names of load_generator.ts. */
export type Result = Record<string, number>;

/**
 * Prints one line.
 *
 * @param line What to say.
 */
export function say(line: Record<string, string | number>): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

/**
 * Says that everything is in place to be looked at, and waits for a byte on standard input.
 *
 * @param bytes Bytes sent so far.
 */
export async function hold(bytes: number): Promise<void> {
  say({ event: "held", bytes });
  await Deno.stdin.read(new Uint8Array(1));
}

/** CPU and wall time at one moment, in seconds. */
export interface Clocks {
  /** Wall time. */
  readonly wall: number;
  /** CPU time of this process. */
  readonly load: number;
  /** CPU time of the server, `null` if unknown. */
  readonly server: number | null;
}

/**
 * Reads the clocks.
 *
 * @param settings Names the server's processes.
 * @returns The time now.
 */
export async function readClocks(settings: Settings): Promise<Clocks> {
  const { user, system } = process.cpuUsage();
  return {
    wall: performance.now() / 1000,
    load: (user + system) / 1e6,
    server: await cpuSecondsOf(settings.pids),
  };
}

/**
 * Subtracts one moment from another.
 *
 * @param from The start of the window.
 * @param to Its end.
 * @returns The times of a result.
 */
export function elapsed(from: Clocks, to: Clocks): Result {
  const result: Result = { seconds: to.wall - from.wall, loadCpuSeconds: to.load - from.load };
  if (from.server !== null && to.server !== null) {
    result.serverCpuSeconds = to.server - from.server;
  }
  return result;
}

/**
 * Waits.
 *
 * @param ms Milliseconds.
 */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
