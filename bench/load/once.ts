/** Mode once: connections that come and go. */

import { Lane } from "./lane.ts";
import { Payload } from "./payload.ts";
import { elapsed, hold, pause, readClocks, type Result } from "./report.ts";
import type { Settings } from "./settings.ts";

const FIRST_MS = 10_000; // how long the warm-up may last until a first connection is finished

/**
 * Keeps so many connections busy: each connects, has its messages echoed one after the other and
 * closes, and the next one takes its place.
 *
 * @param settings How many of what.
 * @returns Connections and messages in the window.
 */
export async function runOnce(settings: Settings): Promise<Result> {
  const { size, messages, connections, warmupMs, durationMs } = settings;
  const payload = new Payload(settings);
  const counts = { opened: 0, done: 0 };
  const place = async (): Promise<never> => {
    for (;;) {
      const lane = await Lane.open(settings, payload, counts.opened++, size);
      for (let i = 1; i <= messages; i++) {
        const sent = lane.sendUntil(i * size);
        await lane.receiveUntil(i * size);
        await sent;
      }
      lane.close();
      counts.done++;
    }
  };
  const failed = Promise.race(Array.from({ length: connections }, place));
  await Promise.race([failed, pause(warmupMs)]);
  const patience = performance.now() + FIRST_MS;
  while (counts.done === 0 && performance.now() < patience) await Promise.race([failed, pause(10)]);
  const from = await readClocks(settings);
  const before = counts.done;
  await Promise.race([failed, pause(durationMs)]);
  const finished = counts.done - before;
  const to = await readClocks(settings);
  if (finished === 0) throw new Error(`Cannot measure: none finished within ${durationMs} ms`);
  await Promise.race([failed, hold(0)]);
  return {
    ...elapsed(from, to),
    connections: finished,
    messages: finished * messages,
    opened: counts.opened,
  };
}
