import { showData } from "./show.ts";
import type { Trace } from "../running/scenario.ts";

/**
 * The events, by lane: one for each pipe, one for the process, one for results of calls. Runs of
 * data are joined.
 */
export class RecordedTrace {
  readonly #lanes = new Map<string, string[]>();
  readonly #received = new Map<string, Uint8Array[]>();
  readonly #waiting = new Set<() => void>();

  /** Adds a line. */
  note(lane: string, line: string): void {
    this.#settle(lane);
    this.#lanes.set(lane, [...this.#lanes.get(lane) ?? [], line]);
    this.#wake();
  }

  /** Adds data. */
  data(lane: string, data: Uint8Array): void {
    this.#received.set(lane, [...this.#received.get(lane) ?? [], data]);
    this.#wake();
  }

  /** Waits until a lane has a line that begins like this, or data that ends in a text. */
  async until(lane: string, line: string): Promise<void> {
    while (!this.#has(lane, line)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** All lanes, or some. */
  lanes(only?: readonly string[]): Trace {
    for (const lane of this.#received.keys()) this.#settle(lane);
    const lanes = [...this.#lanes].filter(([lane]) => only?.includes(lane) ?? true);
    return Object.fromEntries(lanes);
  }

  #has(lane: string, line: string): boolean {
    if (this.#lanes.get(lane)?.some((noted) => noted.startsWith(line))) return true;
    return line.startsWith("data ") && this.#text(lane).endsWith(line.slice(5));
  }

  #text(lane: string): string {
    return new TextDecoder().decode(this.#join(lane));
  }

  #join(lane: string): Uint8Array<ArrayBuffer> {
    const chunks = this.#received.get(lane) ?? [];
    const joined = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
    let length = 0;
    for (const chunk of chunks) {
      joined.set(chunk, length);
      length += chunk.length;
    }
    return joined;
  }

  #settle(lane: string): void {
    if (!this.#received.has(lane)) return;
    const line = `data ${showData(this.#join(lane))}`;
    this.#received.delete(lane);
    this.#lanes.set(lane, [...this.#lanes.get(lane) ?? [], line]);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
