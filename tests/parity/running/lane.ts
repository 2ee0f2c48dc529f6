/**
 * Traces of one scenario: what happened at each end, as lines of text that any language can write.
 *
 * The Python twin is lane.py; the two must format alike.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { IncompleteReadError, LimitOverrunError } from "../../../protocols/errors.ts";

/** Longer byte strings are shown as their length and checksum. */
const LONGEST_SHOWN = 40;

/** The error that the step "raise" throws; it knows the lane it belongs to. */
export class ScenarioError extends Error {
  /** Where it was raised. */
  readonly lane: Lane;

  /** Takes the lane of the end that raises. */
  constructor(lane: Lane) {
    super("Raised by the scenario");
    this.name = "ScenarioError";
    this.lane = lane;
  }
}

/** The scenario cannot be run as it is written; never part of a trace. */
export class ScenarioFault extends Error {
  override readonly name = "ScenarioFault";
}

/** Received bytes in a row, of which only the sum matters. */
interface Run {
  readonly event: string;
  total: number;
  head: number[];
  checksum: number;
}

/** The trace of one end. Runs of received bytes are merged: chunk sizes mean nothing. */
export class Lane {
  /** The end it belongs to. */
  readonly name: string;
  /** Bytes received since the beginning. */
  received = 0;
  /** How often something happened, each chunk of bytes included. */
  events = 0;
  readonly #countBytes: boolean;
  readonly #lines: string[] = [];
  #run: Run | null = null;
  #waiters: (() => void)[] = [];

  /** Without `countBytes` runs of bytes are shown as `*`. */
  constructor(name: string, countBytes = true) {
    this.name = name;
    this.#countBytes = countBytes;
  }

  /** The trace so far. */
  get lines(): readonly string[] {
    this.#endRun();
    return [...this.#lines];
  }

  /** Adds a line. */
  record(line: string): void {
    this.#endRun();
    this.#lines.push(line);
    this.#wake();
  }

  /** Adds received bytes to the run of the same event, or starts one. */
  recordBytes(event: string, chunk: Uint8Array): void {
    if (this.#run?.event !== event) {
      this.#endRun();
      this.#run = { event, total: 0, head: [], checksum: 0 };
    }
    const run = this.#run;
    run.total += chunk.length;
    run.head = [...run.head, ...chunk.subarray(0, LONGEST_SHOWN)].slice(0, LONGEST_SHOWN);
    run.checksum = crc32(chunk, run.checksum);
    this.received += chunk.length;
    this.#wake();
  }

  /** Resolves when the lane holds `times` lines of that event. */
  async wait(event: string, times = 1): Promise<void> {
    await this.#until(() => this.#count(event) >= times);
  }

  /** Resolves when that many bytes have been received. */
  async waitReceived(total: number): Promise<void> {
    await this.#until(() => this.received >= total);
  }

  #count(event: string): number {
    const lines = this.#lines.filter((line) => line === event || line.startsWith(`${event} `));
    return lines.length + (this.#run?.event === event ? 1 : 0);
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #endRun(): void {
    if (this.#run === null) return;
    const { event, total, head, checksum } = this.#run;
    this.#run = null;
    this.#lines.push(`${event} ${this.#countBytes ? showRun(total, head, checksum) : "*"}`);
  }

  #wake(): void {
    this.events++;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

/** `5 'hello'` for a short run of bytes, `100000 crc32 0badf00d` for a long one. */
function showRun(total: number, head: Iterable<number>, checksum: number): string {
  if (total > LONGEST_SHOWN) return `${total} crc32 ${checksum.toString(16).padStart(8, "0")}`;
  const shown = Array.from(
    head,
    (byte) =>
      byte >= 32 && byte < 127 && byte !== 39 && byte !== 92
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `${total} '${shown.join("")}'`;
}

/** The name of an error and the data that its class promises. */
export function showError(error: unknown): string {
  if (error === null || error === undefined) return "null";
  if (error instanceof IncompleteReadError) {
    return `${error.name} partial ${showValue(error.partial)} expected ${error.expected}`;
  }
  if (error instanceof LimitOverrunError) return `${error.name} consumed ${error.consumed}`;
  return error instanceof Error ? error.name : `thrown ${String(error)}`;
}

/** A result in words that do not depend on the language. */
export function showValue(value: unknown): string {
  if (value instanceof Uint8Array) return showRun(value.length, value, crc32(value));
  return String(value);
}
