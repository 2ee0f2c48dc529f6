import { check, checkOptions, optionsOf, type OptionTable } from "../protocols/option_checks.ts";
import { assertEquals, AssertionError } from "@std/assert";
import { type Bytes, copyOf, joinBytes } from "../protocols/bytes.ts";
import {
  type Codec,
  type EncodedMessage,
  type EncodeSegment,
  NEED_MORE,
} from "../protocols/framing/codec.ts";
import { FrameTooLongError } from "../protocols/errors.ts";
import { FrameReader } from "../protocols/framing/frame_reader.ts";
import { Random } from "./conformance/random.ts";

/** A class of errors, for an error instead of a message. */
// The parameters of a user's own errors are not known here.
// deno-lint-ignore no-explicit-any
export type ErrorClass = new (...args: any[]) => Error;

/**
 * Bytes, and what a codec makes of them.
 *
 * `sent` has the messages to send so that the peer gets exactly `bytes`; an empty list to send
 * nothing. A codec that sends other messages than it receives needs it in every case. For the
 * others `null` says that the codec writes what is received in another way; by default it is what
 * is received, and `null` if an error is among it or something comes at the end.
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent.
 */
export type CodecCase<In, Out = In> =
  & CodecCaseParts<In>
  & ([In] extends [Out] ? { readonly sent?: readonly Out[] | null }
    : { readonly sent: readonly Out[] });

/** The members of {@linkcode CodecCase} beside `sent`. */
export interface CodecCaseParts<In> {
  /** The name of the case, for the report of a failure. */
  readonly name?: string;
  /** The bytes that the peer sends; a string as UTF-8. */
  readonly bytes: Uint8Array | string;
  /** The messages that are received, in order. A class means an error of that class. */
  readonly received: readonly (In | ErrorClass)[];
  /**
   * The further messages when the data ends after the bytes.
   *
   * @default {[]}
   */
  readonly atEnd?: readonly (In | ErrorClass)[];
  /**
   * Whether the bytes end inside a message, so that more bytes would belong to it. By default if
   * something comes at the end.
   */
  readonly endsInside?: boolean;
}

/**
 * How to test the limit of a codec.
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent.
 */
export interface CodecLimit<In, Out = In> {
  /** Makes the codec with a limit. */
  makeCodec(maxLength: number): Codec<In, Out>;
  /** Makes a message that is just as long as `length`, in the unit of the limit. */
  makeMessage(length: number): Out;
  /**
   * The length to test at, at least 2.
   *
   * @default {16}
   */
  readonly length?: number;
}

/**
 * Options for {@linkcode assertCodec}: what it does beyond the cases.
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent.
 */
export interface AssertCodecOptions<In, Out = In> {
  /** Tests the limit: at one less than the length of a message, at its length, and at one more. */
  readonly limit?: CodecLimit<In, Out>;
  /**
   * How many times each case is cut into random pieces.
   *
   * @default {20}
   */
  readonly rounds?: number;
  /**
   * Where the random numbers begin. A failure names it.
   *
   * @default {1}
   */
  readonly seed?: number;
}

const CHECKS: OptionTable<AssertCodecOptions<unknown>> = {
  limit: optionsOf<CodecLimit<unknown>>({
    makeCodec: check.functionLike("(maxLength) => lineCodec({ maxLength })"),
    makeMessage: check.functionLike('(length) => "x".repeat(length)'),
    length: check.wholeNumber(2),
  }, ["makeCodec", "makeMessage"]),
  rounds: check.wholeNumber(0),
  seed: check.wholeNumber(0),
};

/**
 * Up to this many bytes a case is cut at every position; a longer one at this many, evenly spread.
 */
const MOST_CUTS = 512;
/** More messages than bytes, and some that need none: a codec that gives more would never stop. */
const SPARE_EVENTS = 16;

/** A case of any codec. */
type AnyCase<In, Out> = CodecCaseParts<In> & { readonly sent?: readonly Out[] | null };

/** One message or error that came out of a codec. */
type Event<In> = { readonly message: In } | { readonly error: unknown };

/**
 * Tests a codec against a table of cases.
 *
 * Each case is received whole, byte by byte, cut in two at every position, in random pieces, and
 * with more data after it. Messages to send must come out as the bytes of the case, and must be
 * received as they were.
 *
 * @example A table for a codec
 * ```ts
 * import { FrameTooLongError, lineCodec } from "@sluice/net";
 * import { assertCodec } from "@sluice/net/testing";
 *
 * assertCodec(() => lineCodec({ maxLength: 5 }), [
 *   { bytes: "one\ntwo\n", received: ["one", "two"] },
 *   { bytes: "one\r\n", received: ["one"], sent: null },
 *   { bytes: "too long\nnext\n", received: [FrameTooLongError, "next"] },
 *   { bytes: "last", received: [], atEnd: ["last"] },
 * ], {
 *   limit: {
 *     makeCodec: (maxLength) => lineCodec({ maxLength }),
 *     makeMessage: (length) => "x".repeat(length),
 *   },
 * });
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent.
 * @param makeCodec Makes the codec; called for each run, as for each connection.
 * @param cases The table.
 * @param options The limit to test, and the random numbers.
 * @throws {AssertionError} If the codec does anything else, naming the case and how it was cut.
 */
export function assertCodec<In, Out = In>(
  makeCodec: () => Codec<In, Out>,
  cases: readonly CodecCase<NoInfer<In>, NoInfer<Out>>[],
  options: AssertCodecOptions<In, Out> = {},
): void {
  checkOptions("assert codec", options, CHECKS);
  const { limit, rounds = 20, seed = 1 } = options;
  for (const [index, one] of cases.entries()) {
    const label = `case ${index}${one.name === undefined ? "" : ` (${one.name})`}`;
    const checks = new CaseCheck(makeCodec, one, label);
    checks.received();
    checks.randomPieces(rounds, seed);
    checks.trailing();
    checks.sent();
  }
  if (limit !== undefined) assertLimit(limit);
}

/** Memory that holds what an earlier message has left. */
const USED_SEGMENT: EncodeSegment = { take: (length) => new Uint8Array(length).fill(0xaa) };

/** The checks of one case. */
class CaseCheck<In, Out> {
  readonly #makeCodec: () => Codec<In, Out>;
  readonly #case: AnyCase<In, Out>;
  readonly #label: string;
  readonly #bytes: Bytes;

  constructor(makeCodec: () => Codec<In, Out>, one: AnyCase<In, Out>, label: string) {
    this.#makeCodec = makeCodec;
    this.#case = one;
    this.#label = label;
    this.#bytes = toBytes(one.bytes);
  }

  /** However the bytes are cut, the same messages come. */
  received(): void {
    const bytes = this.#bytes;
    this.#playAll([copyOf(bytes)], "whole");
    this.#playAll(Array.from(bytes, (byte) => new Uint8Array([byte])), "byte by byte");
    const step = Math.max(1, Math.ceil(bytes.length / MOST_CUTS));
    for (let at = 0; at <= bytes.length; at += step) {
      this.#playAll([copyOf(bytes, 0, at), copyOf(bytes, at)], `cut at ${at}`);
    }
    this.#play([copyOf(bytes)], this.#case.received, "without an end");
  }

  /** As {@linkcode received}, cut at random. */
  randomPieces(rounds: number, seed: number): void {
    const bytes = this.#bytes;
    const random = new Random(seed);
    for (let round = 0; round < rounds; round++) {
      const pieces = Array.from(random.split(bytes, 1, bytes.length), (piece) => copyOf(piece));
      const sizes = pieces.map((piece) => piece.length).join(", ");
      this.#playAll(pieces, `seed ${seed}, in pieces of ${sizes}`);
    }
  }

  /** Bytes after a case must not change its messages, nor be lost. */
  trailing(): void {
    const bytes = this.#bytes;
    const { received, atEnd = [], endsInside = atEnd.length > 0 } = this.#case;
    const reader = new FrameReader(this.#makeCodec());
    const first = drain(reader, copyOf(bytes));
    if (reader.isDone || endsInside || bytes.length === 0) return;
    assertEvents(first, received, `${this.#label}, alone`);
    const twice = joinBytes([bytes, bytes]);
    const expected = [...received, ...received];
    this.#play([copyOf(twice)], expected, "twice in one piece");
    const half = copyOf(twice, 0, bytes.length + Math.floor(bytes.length / 2));
    this.#play([half, copyOf(twice, half.length)], expected, "one and a half first");
  }

  /** The messages are encoded to the bytes, each time and wherever. */
  sent(): void {
    const { received, atEnd = [], sent: given } = this.#case;
    if (given?.length === 0) return;
    const usable = received.filter((each) => !isErrorClass(each));
    // Where a case says nothing else, what is received is what is sent: In is Out.
    const messages = (given ?? usable) as Out[];
    const codec = this.#makeCodec();
    const encode = (message: Out): Bytes => this.#encode(codec, message);
    const sent = messages.map(encode);
    assertEquals(messages.map(encode), sent, `${this.#label}, encoded a second time`);
    const inSegment = messages.map((message) => flatten(codec.encode(message, USED_SEGMENT)));
    assertEquals(inSegment, sent, `${this.#label}, encoded into a segment that was used before`);
    const isAll = usable.length === received.length && atEnd.length === 0;
    const isExact = given !== null && (given !== undefined || isAll);
    if (isExact) assertEquals(joinBytes(sent), this.#bytes, `${this.#label}, encoded`);
    if (!given) this.#play([joinBytes(sent)], usable, "encoded and received");
  }

  /** Encodes a message that was received, unless it is given as one to send. */
  #encode(codec: Codec<In, Out>, message: Out): Bytes {
    try {
      return flatten(codec.encode(message));
    } catch (error) {
      if (this.#case.sent) throw error;
      throw new AssertionError(
        `In ${this.#label}: cannot encode what is received (${error}); ` +
          "where the codec sends other messages, give sent: [ … ], or sent: [] for none",
        { cause: error },
      );
    }
  }

  /** The pieces are the whole data. */
  #playAll(pieces: Bytes[], how: string): void {
    const { received, atEnd = [] } = this.#case;
    this.#play(pieces, [...received, ...atEnd], how, true);
  }

  #play(
    pieces: Bytes[],
    expected: readonly (In | ErrorClass)[],
    how: string,
    isEnd: boolean = false,
  ): void {
    assertEvents(play(this.#makeCodec(), pieces, isEnd), expected, `${this.#label}, ${how}`);
  }
}

function assertLimit<In, Out>({ makeCodec, makeMessage, length = 16 }: CodecLimit<In, Out>): void {
  const bytes = flatten(makeCodec(length + 1).encode(makeMessage(length)));
  const next = flatten(makeCodec(length + 1).encode(makeMessage(1)));
  const [message, ...rest] = play(makeCodec(length + 1), [copyOf(bytes)], false);
  if (message === undefined || "error" in message || rest.length > 0) {
    throw new AssertionError(
      `Limit: a message of length ${length} was not received as one message`,
    );
  }
  for (const limit of [length - 1, length, length + 1]) {
    const isTooLong = limit < length;
    const label = `limit ${limit}, message of length ${length}`;
    const expected = isTooLong ? FrameTooLongError : message.message;
    for (const pieces of [[copyOf(bytes)], Array.from(bytes, (byte) => new Uint8Array([byte]))]) {
      const codec = makeCodec(limit);
      const events = play(codec, [...pieces, copyOf(next)], false);
      assertEvents(events.filter((_, i) => i === 0), [expected], label);
      const isOver = isTooLong && !isRecoverable(events[0]);
      assertEquals(events.length, isOver ? 1 : 2, `${label}: messages, with one more behind it`);
    }
    assertEncodesUpTo(makeCodec(limit), makeMessage(length), isTooLong, label);
  }
}

function assertEncodesUpTo<Out>(
  codec: Codec<unknown, Out>,
  message: Out,
  isTooLong: boolean,
  label: string,
): void {
  let error: unknown = null;
  try {
    codec.encode(message);
  } catch (thrown) {
    error = thrown;
  }
  if (isTooLong ? error instanceof FrameTooLongError : error === null) return;
  throw new AssertionError(`${label}: to encode it gives ${error ?? "no error"}`);
}

/** Everything that comes out of a codec for some pieces of data. */
function play<In, Out>(codec: Codec<In, Out>, pieces: Bytes[], isEnd: boolean): Event<In>[] {
  const reader = new FrameReader(codec);
  const events = pieces.flatMap((piece) => drain(reader, piece));
  if (!isEnd) return events;
  reader.feedEof();
  return [...events, ...drain(reader)];
}

function drain<In>(reader: FrameReader<In>, piece?: Bytes): Event<In>[] {
  const events: Event<In>[] = [];
  if (reader.isDone) return events;
  if (piece !== undefined) reader.feedData(piece);
  const most = reader.buffered + SPARE_EVENTS;
  while (!reader.isDone) {
    try {
      const message = reader.next();
      if (message === NEED_MORE) break;
      events.push({ message });
    } catch (error) {
      events.push({ error });
    }
    if (events.length > most) throw new AssertionError("The codec gives messages without end");
  }
  return events;
}

function assertEvents<In>(
  events: readonly Event<In>[],
  expected: readonly (In | ErrorClass)[],
  label: string,
): void {
  const actual = events.map((event, i) => {
    if ("message" in event) return event.message;
    const wanted = expected[i];
    return isErrorClass(wanted) && event.error instanceof wanted ? wanted : event.error;
  });
  assertEquals<unknown>(actual, expected, `In ${label}`);
}

function isRecoverable(event: Event<unknown> | undefined): boolean {
  return event !== undefined && "error" in event &&
    event.error instanceof FrameTooLongError && event.error.recoverable;
}

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === "function" && value.prototype instanceof Error;
}

function toBytes(data: Uint8Array | string): Bytes {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
}

function flatten(encoded: EncodedMessage): Bytes {
  if (typeof encoded === "string" || encoded instanceof Uint8Array) return toBytes(encoded);
  return joinBytes(encoded.map(toBytes));
}
