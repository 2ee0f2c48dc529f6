import { assert, assertEquals } from "@std/assert";
import { IncompleteReadError, LimitOverrunError } from "../../../protocols/errors.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { assertSameBytes } from "../../../testing/conformance/same_bytes.ts";
import type { Random } from "../../../testing/conformance/random.ts";
import { RecordingBufferedProtocol } from "../../../testing/recording/recording_buffered_protocol.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { turn } from "../../support/time/event_loop.ts";
import { decode, encode } from "../../support/text.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The result of one read: bytes that were consumed, a line without its end, the end of the data, or
 * the failure.
 */
type Outcome =
  | { readonly bytes: Uint8Array }
  | { readonly line: string }
  | "end"
  | { readonly error: unknown };

/** A read that was started. */
interface Started {
  readonly name: string;
  readonly outcome: Promise<Outcome>;
  /** Gives it up; the next read may follow in the same turn, unless `isSlow`. */
  abort(): void;
  readonly isSlow?: boolean;
  /** Fails if the bytes are not what was asked for. */
  check?(bytes: Uint8Array, rest: Uint8Array): void;
  /** Whether a failure that is neither the abort nor the connection's is as the data demands. */
  explains?(error: unknown, rest: Uint8Array): boolean;
}

/** The input of the connection: the bytes, and how it ends. */
export interface Script {
  readonly data: Bytes;
  readonly limit: number;
  /** The most bytes that one read asks for. */
  readonly largest: number;
  /** The failure at the end, or `null` for an orderly end. */
  readonly failure: Error | null;
}

/**
 * Reads a connection to its end in ways chosen at random: by every method and face, given up at
 * random, handed to
 * protocols and back. The bytes must come out whole and in order, each read must give what it
 * promises, and the failure must come after the last byte.
 */
export class RandomReads {
  readonly log: string[] = [];
  readonly #random: Random;
  readonly #script: Script;
  #connection: StreamConnection;
  #position = 0;
  #isWebOver = false;

  constructor(random: Random, script: Script, connection: StreamConnection) {
    this.#random = random;
    this.#script = script;
    this.#connection = connection;
  }

  /** Reads until the end, or the failure, has come after the last byte. */
  async run(): Promise<void> {
    let isOver = false;
    let previous: Started | null = null;
    while (!isOver) {
      // Bytes that a protocol was not handed when the connection fails are lost with it.
      const mayVisit = previous === null && this.#script.failure === null;
      if (mayVisit && this.#random.below(20) === 0) {
        await this.#visitProtocol();
        continue;
      }
      const started = this.#start(previous);
      if (previous !== null) isOver = await this.#settle(previous, true);
      previous = null;
      const isAborted = this.#random.below(3) === 0;
      if (isAborted) {
        await this.#pause();
        started.abort();
      }
      if (isAborted && !started.isSlow && this.#random.below(2) === 0) previous = started;
      else isOver = await this.#settle(started, isAborted) || isOver;
    }
    if (previous !== null) await this.#settle(previous, true);
    assertEquals(this.#position, this.#script.data.length);
  }

  get #rest(): Bytes {
    return this.#script.data.subarray(this.#position);
  }

  /** Lets a random number of microtasks run, or a turn of the event loop. */
  async #pause(): Promise<void> {
    if (this.#random.below(4) === 0) await turn();
    for (let i = this.#random.below(8); i > 0; i--) await null;
  }

  /** Takes note of what a read came to; returns whether that was the end. */
  async #settle(started: Started, isAborted: boolean): Promise<boolean> {
    const outcome = await started.outcome;
    const rest = this.#rest;
    if (outcome === "end") {
      this.log.push(`${started.name}: end`);
      assertEquals(rest.length, 0, "the end came before the last byte");
      assertEquals(this.#script.failure, null, "the end came in the place of the failure");
      return true;
    }
    if ("bytes" in outcome) {
      this.log.push(`${started.name}: ${outcome.bytes.length} bytes`);
      this.#take(outcome.bytes);
      started.check?.(outcome.bytes, rest);
      return false;
    }
    if ("line" in outcome) {
      this.log.push(`${started.name}: ${outcome.line.length} characters`);
      const line = rest.subarray(0, lineEnd(rest));
      assertEquals(outcome.line, decode(line).replace(/\r?\n$/, ""));
      this.#take(line);
      return false;
    }
    const { error } = outcome;
    this.log.push(`${started.name}: ${error}`);
    if (error === this.#script.failure) return rest.length === 0;
    const isExplained = (isAborted && isGivenUp(error)) || started.explains?.(error, rest);
    if (!isExplained) throw error;
    if (error instanceof IncompleteReadError) this.#take(error.partial);
    return false;
  }

  #take(bytes: Uint8Array): void {
    assertSameBytes(bytes, this.#rest.subarray(0, bytes.length));
    this.#position += bytes.length;
  }

  #start(previous: Started | null): Started {
    const choice = this.#random.below(this.#isWebOver ? 6 : 11);
    if (choice < 6) return this.#startMethod(choice);
    if (choice < 8) return this.#startDefaultRead();
    if (choice < 10) return this.#startByobRead(previous === null);
    return previous === null ? this.#startPipe() : this.#startDefaultRead();
  }

  #startMethod(choice: number): Started {
    const controller = new AbortController();
    const { signal } = controller;
    const { reader } = this.#connection;
    const abort = () => controller.abort(GIVEN_UP);
    const n = this.#random.below(this.#script.largest);
    switch (choice) {
      case 0:
      case 1:
        return {
          name: `read(${n + 1})`,
          outcome: outcomeOf(reader.read(n + 1, { signal })),
          abort,
          check: (bytes) => assert(bytes.length <= n + 1),
        };
      case 2:
        return {
          name: `readexactly(${n})`,
          outcome: outcomeOf(reader.readexactly(n, { signal }), true),
          abort,
          check: (bytes) => assertEquals(bytes.length, n),
          explains: (error, rest) => isIncomplete(error, rest) && rest.length < n,
        };
      case 3:
        return this.#startLine(signal, abort);
      default:
        return this.#startRecord(signal, abort);
    }
  }

  #startRecord(signal: AbortSignal, abort: () => void): Started {
    const random = this.#random;
    const separators = Array.from(
      { length: 1 + random.below(3) },
      () => random.pick("\n", "\r\n", ";", "ab", "aab", ";;;;", "\n;a"),
    );
    const { limit } = this.#script;
    const longest = Math.max(...separators.map(({ length }) => length));
    return {
      name: `readuntil(${JSON.stringify(separators)})`,
      outcome: outcomeOf(this.#connection.reader.readuntil(separators, { signal }), true),
      abort,
      check: (bytes, rest) => {
        const found = findRecord(rest, separators);
        assertEquals(bytes.length, found?.end);
        assert(found !== null && found.start <= limit);
      },
      explains: (error, rest) => {
        const found = findRecord(rest, separators);
        if (isIncomplete(error, rest)) return found === null;
        const isTooLong = found === null ? rest.length + 1 - longest > limit : found.start > limit;
        return error instanceof LimitOverrunError && isTooLong;
      },
    };
  }

  /** Lines are dropped if they are too long: only where the limit is out of reach. */
  #startLine(signal: AbortSignal, abort: () => void): Started {
    if (this.#script.limit < this.#script.data.length) return this.#startRecord(signal, abort);
    const { reader } = this.#connection;
    if (this.#random.below(2) === 0) {
      const outcome = reader.lines({ signal }).next().then(
        ({ done, value }): Outcome => done ? "end" : { line: value },
        (error): Outcome => ({ error }),
      );
      return { name: "lines()", outcome, abort };
    }
    return {
      name: "readline()",
      outcome: outcomeOf(reader.readline({ signal })),
      abort,
      check: (bytes, rest) => assertEquals(bytes.length, lineEnd(rest)),
    };
  }

  #startDefaultRead(): Started {
    const web = this.#connection.readable.getReader();
    return {
      name: "default read()",
      outcome: this.#webOutcome(web.read(), () => web.releaseLock()),
      abort: () => web.releaseLock(),
    };
  }

  #startByobRead(isRestKnown: boolean): Started {
    const web = this.#connection.readable.getReader({ mode: "byob" });
    const size = 1 + this.#random.below(this.#script.largest);
    // An element that the end of the data cuts is lost with the stream: the platform's rule.
    const isWide = isRestKnown && this.#rest.length >= 2 * size && this.#random.below(3) === 0;
    const view = isWide ? new Uint16Array(size) : new Uint8Array(size);
    const min = this.#random.below(2) === 0 ? 1 : 1 + this.#random.below(size);
    // Noted before the memory goes to the stream.
    const [least, most] = [min * view.BYTES_PER_ELEMENT, view.byteLength];
    const reading = web.read(view, { min }).then(({ done, value }) => {
      const bytes = value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return { done: done && !bytes?.length, value: bytes };
    });
    return {
      name: `byob read(${most}, { min: ${min} })`,
      outcome: this.#webOutcome(reading, () => web.releaseLock()),
      abort: () => web.releaseLock(),
      check: (bytes, rest) => {
        assert(bytes.length <= most);
        assert(bytes.length >= Math.min(least, rest.length), `${bytes.length} of ${least} bytes`);
      },
    };
  }

  /** Pipes into a Web stream or into another connection, and stops at some time. */
  #startPipe(): Started {
    const controller = new AbortController();
    const sink = new RecordingTransport({});
    sink.start();
    const isDirect = this.#random.below(2) === 0;
    const { readable } = this.#connection;
    const { writable } = StreamConnection.over(sink);
    const into = isDirect ? writable : new WritableStream<Bytes>({
      write: (chunk) => void sink.write(chunk),
    });
    const piping = readable.pipeTo(into, {
      signal: controller.signal,
      preventAbort: true,
      preventCancel: true,
    });
    const abort = () => controller.abort(GIVEN_UP);
    // So that it stops also where it is not given up.
    void this.#pause().then(abort);
    const outcome = piping.then(() => "end" as const, (error) => ({ error })).then(
      (end): Outcome => {
        if (end === "end" || end.error !== GIVEN_UP) this.#isWebOver = true;
        const isNothing = sink.written.length === 0;
        return isNothing && end !== "end" && end.error === this.#script.failure
          ? end
          : { bytes: sink.written };
      },
    );
    return { name: isDirect ? "direct pipe" : "pipe", outcome, abort, isSlow: true };
  }

  #webOutcome(
    reading: Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>,
    release: () => void,
  ): Promise<Outcome> {
    return reading.then(
      ({ done, value }): Outcome => done || value === undefined ? "end" : { bytes: value },
      (error): Outcome => {
        if (error === this.#script.failure) this.#isWebOver = true;
        return { error };
      },
    ).finally(release);
  }

  /** Hands the connection to a protocol for a while, which leaves some of its bytes unused. */
  async #visitProtocol(): Promise<void> {
    const events = { eofReceived: () => true };
    const protocol = this.#random.below(2) === 0
      ? new RecordingProtocol(events)
      : new RecordingBufferedProtocol(events);
    const transport = this.#connection.switchProtocol(protocol);
    await this.#pause();
    const { received } = protocol;
    const used = this.#random.below(received.length + 1);
    this.log.push(`protocol: ${used} of ${received.length} bytes`);
    this.#take(received.subarray(0, used));
    this.#connection = StreamConnection.over(transport, {
      limit: this.#script.limit,
      unread: received.slice(used),
    });
    this.#isWebOver = false;
  }
}

const GIVEN_UP = new Error("Given up");

function isGivenUp(error: unknown): boolean {
  // The platform's error for reads whose reader was released.
  return error === GIVEN_UP || error instanceof TypeError;
}

function isIncomplete(error: unknown, rest: Uint8Array): boolean {
  return error instanceof IncompleteReadError && error.partial.length === rest.length;
}

function outcomeOf(reading: Promise<Uint8Array>, mayBeEmpty = false): Promise<Outcome> {
  return reading.then(
    (bytes): Outcome => bytes.length > 0 || mayBeEmpty ? { bytes } : "end",
    (error): Outcome => ({ error }),
  );
}

function lineEnd(rest: Uint8Array): number {
  return findRecord(rest, ["\n"])?.end ?? rest.length;
}

/** Where the record ends that ends first; of separators that end together the longest counts. */
function findRecord(
  rest: Uint8Array,
  separators: readonly string[],
): { start: number; end: number } | null {
  // One character a byte.
  const text = String.fromCharCode(...rest);
  let found: { start: number; end: number } | null = null;
  for (const separator of separators) {
    const start = text.indexOf(separator);
    if (start === -1) continue;
    const end = start + encode(separator).length;
    if (found === null || end < found.end || (end === found.end && start < found.start)) {
      found = { start, end };
    }
  }
  return found;
}
