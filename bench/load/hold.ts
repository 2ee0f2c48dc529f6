/** Modes idle and flood: connections held while the harness looks at the server's memory. */

import { openLanes } from "./lane.ts";
import { MAX_CHUNK, Payload } from "./payload.ts";
import { elapsed, hold, pause, readClocks, type Result, WrongBytesError } from "./report.ts";
import type { Settings } from "./settings.ts";

const QUIET_MS = 500; // nothing accepted for so long: the server has stopped reading
const DRAIN_MS = 30_000;

/**
 * Opens connections, has one message echoed on each, and does nothing.
 *
 * @param settings How many.
 * @returns The time it took to open them.
 */
export async function runIdle(settings: Settings): Promise<Result> {
  const from = await readClocks(settings);
  const lanes = await openLanes(settings, new Payload(settings), settings.size);
  const to = await readClocks(settings);
  await hold(0);
  return { ...elapsed(from, to), connections: lanes.length };
}

/**
 * Sends as much as the server takes and reads nothing; then reads, and every byte must come.
 *
 * @param settings How many connections, and how much on each.
 * @returns The bytes that came back.
 * @throws {WrongBytesError} If fewer bytes come back than were sent.
 */
export async function runFlood(settings: Settings): Promise<Result> {
  const lanes = await openLanes(settings, new Payload(settings), MAX_CHUNK);
  const sent = () => lanes.reduce((sum, lane) => sum + lane.sent, 0);
  const from = await readClocks(settings);
  const sending = Promise.all(lanes.map((lane) => lane.sendUntil(settings.total)));
  const end = performance.now() + settings.durationMs;
  let quiet = false;
  while (!quiet && performance.now() < end) {
    const before = sent();
    await Promise.race([sending, pause(QUIET_MS)]);
    quiet = sent() === before;
  }
  await hold(sent());
  // Writes under way cannot be called back here: each connection gets its whole share.
  const draining = Promise.all(lanes.map((lane) => lane.receiveUntil(settings.total)));
  await Promise.race([Promise.all([sending, draining]), pause(DRAIN_MS)]);
  const bytes = lanes.reduce((sum, lane) => sum + lane.received, 0);
  if (bytes !== settings.total * lanes.length) {
    throw new WrongBytesError(`${bytes} bytes came back of ${settings.total * lanes.length}`);
  }
  return { ...elapsed(from, await readClocks(settings)), bytes };
}
