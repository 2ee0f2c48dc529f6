/** A server that does a job for everyone who names it, and answers with what it took: harness/job.ts asks. */

import process from "node:process";
import type { JobResult } from "../harness/job.ts";

/** Gets ready for what is named; what it gives does it, which is measured. */
export type Job = (name: string) => () => Promise<Pick<JobResult, "done" | "expected">>;

/**
 * Listens, and does what it is asked for.
 *
 * @param job Does it.
 */
export async function serveJobs(job: Job): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(`listening on 127.0.0.1:${listener.addr.port}`);
  for await (const conn of listener) {
    using one = conn;
    const buffer = new Uint8Array(100);
    const length = await one.read(buffer) ?? 0;
    if (length === 0) continue; // somebody who looked whether we are there
    const name = new TextDecoder().decode(buffer.subarray(0, length)).trim();
    const perform = job(name);
    const start = performance.now();
    const before = process.cpuUsage();
    const outcome = await perform();
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - start) / 1000;
    const result: JobResult = { ...outcome, seconds, cpu: (user + system) / 1e6 };
    await one.write(new TextEncoder().encode(`${JSON.stringify(result)}\n`));
  }
}
