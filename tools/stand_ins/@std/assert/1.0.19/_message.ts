// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.
import { inspect } from "node:util";

/** How a user's own message ends the sentence of an assertion. */
export function ending(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

/** A value as text, the same for equal values. */
export function show(value: unknown): string {
  return inspect(value, { depth: Infinity, sorted: true, maxArrayLength: 200 });
}
