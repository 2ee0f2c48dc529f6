/**
 * Random input for codecs. `deno task fuzz` makes hundreds of times as many inputs, and others
 * every
 * time. A failure says where it was found: `CODEC_FUZZ_SEED=7 deno task test PATH` finds it again,
 * with `CODEC_FUZZ_INPUTS` for one after the first 2,000.
 *
 * @module
 */
import { type Codec, FrameError } from "@sluice/net";
import { type EncodedMessage, FrameReader, NEED_MORE } from "@sluice/net/protocols";
import { assert, assertEquals, fail } from "@std/assert";
import { Random } from "../../../testing/conformance/random.ts";
import { isLongRun } from "../../support/runs/long_run.ts";

const INPUTS = Number(Deno.env.get("CODEC_FUZZ_INPUTS") ?? (isLongRun ? 20_000 : 2_000));
const SEED = readSeed(Deno.env.get("CODEC_FUZZ_SEED") ?? "1");

/** The longest input, in bytes: several messages, and some that are too long. */
const LONGEST_INPUT = 80;

/** A codec, and what to feed it with. */
export interface FuzzedCodec {
  /** The function that makes it. */
  name: string;
  /** Makes it with a limit of some 30 bytes. */
  make: () => Codec<unknown, never>;
  /** Pieces of what it reads, from which inputs are made that are almost right. */
  words: (string | number[])[];
  /**
   * How many bytes it may hold of what is not decoded: its limit, and what is around the
   * message.
   */
  holds: number;
}

function readSeed(text: string): number {
  if (text === "random") return Math.floor(Math.random() * 1_000_000);
  if (/^\d+$/.test(text)) return Number(text);
  throw new TypeError(`Cannot begin at CODEC_FUZZ_SEED=${text}: not a whole number, nor "random"`);
}

/** Registers the test of a codec. */
export function fuzzCodec(codec: FuzzedCodec): void {
  const { name } = codec;
  Deno.test(`${name} throws only its own errors, keeps its limit, and reads what it writes`, () => {
    const { stackTraceLimit } = Error;
    // Most inputs are bad, and to write down where each error was made takes a fifth of the time.
    Error.stackTraceLimit = 0;
    try {
      fuzz(codec);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
}

function fuzz({ make, words, holds }: FuzzedCodec): void {
  let messages = 0;
  let errors = 0;
  for (let i = 0; i < INPUTS; i++) {
    const random = new Random(SEED * 1_000_003 + i);
    const input = makeInput(random, words);
    try {
      const whole = play(make(), [input], holds);
      const pieces = [...random.split(input, 1, random.pick(6, 20, 60))];
      assertSame(play(make(), pieces, holds), whole, "in pieces, and whole");
      if (i % 4 === 0) assertRoundTrip(make, whole);
      errors += whole.filter((event) => typeof event === "string").length;
      messages += whole.length;
    } catch (error) {
      throw new Error(`Input ${i} of CODEC_FUZZ_SEED=${SEED} failed: ${input.toHex()}`, {
        cause: error,
      });
    }
  }
  messages -= errors;
  // Inputs of which nothing is read, or everything, test little.
  assert(messages > INPUTS / 20, `only ${messages} messages in ${INPUTS} inputs`);
  assert(errors > INPUTS / 20, `only ${errors} errors in ${INPUTS} inputs`);
}

/** Bytes of any value, or pieces of what the codec reads. */
function makeInput(random: Random, words: FuzzedCodec["words"]): Uint8Array<ArrayBuffer> {
  const length = random.below(LONGEST_INPUT);
  if (random.below(4) === 0) return random.bytes(length);
  const input: number[] = [];
  while (input.length < length) {
    const word = words[random.below(words.length)] ?? "";
    if (random.below(20) === 0) input.push(...random.bytes(random.below(50)));
    else input.push(...typeof word === "string" ? new TextEncoder().encode(word) : word);
  }
  return new Uint8Array(input.slice(0, length));
}

/**
 * The results of a codec: messages, and the names of errors. Fails on any other error and on
 * what holds too much.
 */
function play(
  codec: Codec<unknown, never>,
  pieces: Uint8Array<ArrayBuffer>[],
  holds: number,
): unknown[] {
  const reader = new FrameReader(codec);
  const events: unknown[] = [];
  const drain = (): void => {
    while (!reader.isDone) {
      try {
        const message = reader.next();
        if (message === NEED_MORE) break;
        events.push({ message });
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        events.push(error.name);
      }
      if (events.length > 2 * LONGEST_INPUT) fail("More messages than bytes");
    }
    assert(reader.buffered <= holds, `${reader.buffered} bytes are held, ${holds} allowed`);
  };
  for (const piece of pieces) {
    if (reader.isDone) break;
    reader.feedData(piece);
    drain();
  }
  reader.feedEof();
  drain();
  assert(reader.isDone, "The end is not the end");
  return events;
}

/** Compares the texts of events, which is much faster than to compare the events. */
function assertSame(actual: unknown[], expected: unknown[], label: string): void {
  if (describe(actual) !== describe(expected)) assertEquals(actual, expected, label);
}

function describe(events: unknown[]): string {
  return JSON.stringify(events, (_key, value) => {
    if (value instanceof Uint8Array) return value.toHex();
    // However a whole number came, it is one.
    if (typeof value === "bigint") {
      return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;
    }
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });
}

/** A received message can be sent, and is then received again. */
function assertRoundTrip(make: () => Codec<unknown, never>, events: unknown[]): void {
  // In every codec here what is received may be sent.
  const codec = make() as Codec<unknown, unknown>;
  for (const event of events) {
    if (typeof event === "string") continue;
    const sent = tryEncode(codec, (event as { message: unknown }).message);
    if (sent !== null) assertSame(play(make(), [flatten(sent)], Infinity), [event], "sent");
  }
}

/** `null` for what can be received in more ways than it can be sent. */
function tryEncode(codec: Codec<unknown, unknown>, message: unknown): EncodedMessage | null {
  try {
    return codec.encode(message);
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}

function flatten(encoded: EncodedMessage): Uint8Array<ArrayBuffer> {
  if (typeof encoded === "string") return new TextEncoder().encode(encoded);
  if (encoded instanceof Uint8Array) return new Uint8Array(encoded);
  return new Uint8Array(encoded.flatMap((part) => [...flatten(part)]));
}
