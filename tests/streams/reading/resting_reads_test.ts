import { assert } from "@std/assert";
import { eventLoop } from "../../../protocols/waits/turn_budget.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { SlowSteps } from "../../support/time/slow_steps.ts";
import { decode, encode } from "../../support/text.ts";

const DATA = "abcdefghijklmnopqrstuvwxyz";

/** Ways to read two bytes, which a signal ends. */
const READS: Record<string, (reader: StreamReader, signal: AbortSignal) => Promise<Uint8Array>> = {
  "read()": (reader, signal) => reader.read(2, { signal }),
  "readexactly()": (reader, signal) => reader.readexactly(2, { signal }),
};

/** Lets a test say when a full turn of the event loop is over. */
class HeldTurns implements Disposable {
  readonly #real = eventLoop.afterFullTurn;
  #end: (() => void) | null = null;

  constructor() {
    eventLoop.afterFullTurn = (callback) => this.#end = callback;
  }

  /** Whether a loop rests. */
  get isAwaited(): boolean {
    return this.#end !== null;
  }

  /** The turn is over. */
  end(): void {
    this.#end?.();
    this.#end = null;
  }

  [Symbol.dispose](): void {
    this.end();
    eventLoop.afterFullTurn = this.#real;
  }
}

for (const [name, read] of Object.entries(READS)) {
  Deno.test(`StreamReader.${name} that is aborted when it resumes takes nothing, or the first bytes`, async () => {
    for (let microtasks = 0; microtasks < 12; microtasks++) {
      using _slow = new SlowSteps();
      using turns = new HeldTurns();
      const reader = new StreamReader();
      reader.feedData(encode(DATA));
      let position = 0;
      let reading: Promise<Uint8Array | null>;
      let controller: AbortController;
      for (;;) {
        controller = new AbortController();
        reading = read(reader, controller.signal).catch(() => null);
        if (turns.isAwaited) break;
        position += (await reading)?.length ?? 0;
      }
      turns.end();
      for (let i = 0; i < microtasks; i++) await null;
      controller.abort();
      const next = reader.read(2);
      const taken = [await reading, await next].map((bytes) => bytes === null ? "" : decode(bytes));
      const rest = DATA.slice(position);
      assert(rest.startsWith(taken.join("")), `${microtasks}: ${taken} of ${rest}`);
    }
  });
}
