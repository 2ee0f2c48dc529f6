/** What a server can be asked to do in its own process, measured by itself. */

import { WrongAnswerError } from "./load_generator.ts";

/** What a server answers when a job is done: one line of JSON. */
export interface JobResult {
  /** How much was done: bytes, messages. */
  readonly done: number;
  /** How much there was to do. */
  readonly expected: number;
  /** How long it took. */
  readonly seconds: number;
  /** CPU time, user and system, in seconds. */
  readonly cpu: number;
}

/**
 * Has a server do something twice: the first time warms up.
 *
 * @param port Its port.
 * @param name What to do; it is sent as a line.
 * @returns What the second time took.
 * @throws {WrongAnswerError} If not all was done that there was to do.
 */
export async function runJob(port: number, name: string): Promise<JobResult> {
  await ask(port, name);
  return await ask(port, name);
}

async function ask(port: number, name: string): Promise<JobResult> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(`${name}\n`));
  const result: JobResult = JSON.parse(await new Response(conn.readable).text());
  if (result.done === result.expected) return result;
  throw new WrongAnswerError(`${result.done} came out of ${result.expected}`);
}
