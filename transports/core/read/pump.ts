import { checkBytes } from "../../../protocols/bytes.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import type { ByteSource } from "../carrier.ts";
import type { Delivery } from "./delivery.ts";
import { ReaderSource } from "./read_buffer.ts";
import { readRounds } from "./read_rounds.ts";

/** The events of the pump. */
export interface PumpEvents {
  /** So many bytes arrived. */
  onReceived(bytes: number): void;
  /**
   * The source has ended and everything was delivered. A promise resolves when the protocol has
   * answered.
   */
  onEof(): void | Promise<void>;
  /** The source has failed and everything was delivered. */
  onReadError(error: unknown): void;
}

/**
 * Drives any async iterator of chunks into a protocol: `source.next() -> delivery -> protocol`.
 *
 * It reads only when the chunk before was taken and reading is not paused, so there is never more
 * than one chunk between source and protocol. Resolves when the source has ended or failed, or
 * delivery was stopped; never rejects.
 */
export async function pump(
  source: ByteSource,
  delivery: Delivery,
  events: PumpEvents,
): Promise<void> {
  const { rests } = readRounds;
  const socket = source instanceof ReaderSource ? source : null;
  while (!delivery.stopped) {
    if (delivery.paused) {
      await delivery.ready();
      continue;
    }
    try {
      const target = delivery.lend();
      if (delivery.stopped) return;
      let settled: void | Promise<void>;
      if (target === undefined && socket !== null) {
        const n = await socket.read();
        if (n === null) break;
        const size = socket.mayHaveMore(n) ? await socket.readOn(n) : n;
        events.onReceived(size);
        settled = delivery.receive(socket.memory, size, true);
      } else {
        const step = await source.next(target);
        if (step.done) break;
        checkBytes(step.value, "receive");
        events.onReceived(step.value.length);
        settled = delivery.push(step.value, target, source.givesOwnedBytes);
      }
      if (settled !== undefined) await settled;
      if (turnBudget.spend()) await turnBudget.untilRenewed();
      if (socket !== null && readRounds.count(rests)) await readRounds.untilNext();
    } catch (error) {
      // Also while closing: a reset then is how the rest could not be sent.
      return events.onReadError(error);
    }
  }
  await delivery.ready();
  if (!delivery.stopped) void events.onEof();
}
