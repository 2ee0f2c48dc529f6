/** Modes echo and stream: closed loops over connections that stay open. */

import { type Lane, openLanes } from "./lane.ts";
import { MAX_CHUNK, Payload } from "./payload.ts";
import { elapsed, pause, readClocks, type Result } from "./report.ts";
import type { Settings } from "./settings.ts";

const ALWAYS_CHECKED = 4096; // messages up to this size are compared in the measured window too

async function drive(lane: Lane, settings: Settings, enough: () => boolean): Promise<void> {
  const { size, depth, mode } = settings;
  while (!enough()) {
    const target = mode === "stream"
      ? lane.received + 4 * MAX_CHUNK
      : (Math.floor(lane.received / size) + depth) * size;
    const sent = lane.sendUntil(target);
    await lane.receive();
    // Not waited for: a full pipe would stop the reading that empties it. A failure comes again.
    sent.catch(() => {});
  }
}

/**
 * Keeps messages outstanding for a while, or moves a number of bytes.
 *
 * @param settings How many of what.
 * @returns Bytes and messages in the window.
 * @throws {Error} If a server closes, or bytes do not arrive in time.
 */
export async function runEcho(settings: Settings): Promise<Result> {
  const { size, mode, warmupMs, durationMs, total } = settings;
  const lanes = await openLanes(settings, new Payload(settings), MAX_CHUNK);
  const received = () => lanes.reduce((sum, lane) => sum + lane.received, 0);
  let stopAt = Infinity;
  const enough = () => received() >= stopAt;
  const done = Promise.all(lanes.map((lane) => drive(lane, settings, enough)));
  await Promise.race([done, pause(warmupMs)]);
  for (const lane of lanes) lane.checking = mode === "echo" && size <= ALWAYS_CHECKED;
  const from = await readClocks(settings);
  const before = received();
  if (mode === "stream") stopAt = before + total;
  await Promise.race([done, pause(durationMs)]);
  const bytes = received() - before;
  const to = await readClocks(settings);
  if (bytes === 0) throw new Error(`Cannot measure: no answer within ${durationMs} ms`);
  if (mode === "stream" && bytes < total) {
    throw new Error(`Cannot finish: ${bytes} of ${total} bytes within ${durationMs} ms`);
  }
  return { ...elapsed(from, to), bytes, messages: bytes / size };
}
