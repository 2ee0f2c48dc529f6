import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { type Bytes, checkBytes, copyOf } from "../bytes.ts";
import { DelimitedFrames } from "./_delimited_frames.ts";
import { FrameDecodeError, FrameEncodeError, FrameTooLongError } from "../errors.ts";
import { ReceiveBuffer } from "../framing/receive_buffer.ts";
import { SeparatorSearch } from "../framing/separator_search.ts";
import { isLongerInUtf8, utf8Length } from "../framing/utf8.ts";

/** The format of a {@linkcode DelimitedCodec}. */
export interface DelimitedFormat {
  /** The delimiters, of which each ends a message. */
  readonly delimiters: readonly Uint8Array[];
  /** The one that is written; one of {@linkcode delimiters}, or at least ended by one. */
  readonly written: Uint8Array;
  /** The longest message, in bytes. */
  readonly maxLength: number;
  /** Whether a last message without its delimiter is an error. */
  readonly requiresEnd: boolean;
  /** A byte that is dropped where it ends the data: the first half of a delimiter. */
  readonly droppedAtEnd?: number;
}

const encoder = new TextEncoder();

/** ASCII that is ahead in a buffer, to find messages in without looking at bytes. */
interface Ahead {
  readonly buffer: ReceiveBuffer | null;
  readonly text: string;
  /** Where the first byte of the buffer is in the text. */
  at: number;
  /** And in the stream. */
  position: number;
}

const NOTHING_AHEAD: Readonly<Ahead> = { buffer: null, text: "", at: 0, position: 0 };

/** Messages with a delimiter after each. Over-long ones are reported and passed over. */
export class DelimitedCodec<In extends string | Bytes, Out extends string | Uint8Array>
  implements Codec<In, Out> {
  readonly #format: DelimitedFormat;
  readonly #isText: boolean;
  readonly #frames: DelimitedFrames;
  readonly #guard: DelimiterGuard;
  readonly #textEnd: TextEnd | null;
  #ahead: Ahead = NOTHING_AHEAD;

  /**
   * Takes the format, and whether messages are text or bytes.
   *
   * @throws {RangeError} If there is no delimiter, or one is empty.
   */
  constructor(format: DelimitedFormat, isText: boolean) {
    this.#format = format;
    this.#isText = isText;
    this.#frames = new DelimitedFrames(format.delimiters, format.maxLength);
    this.#guard = new DelimiterGuard(format.delimiters, format.written);
    this.#textEnd = isText ? textEndOf(format.delimiters) : null;
  }

  decode(buffer: ReceiveBuffer): In | NeedMore {
    return this.#decodeAhead(buffer) ?? this.#decodeBytes(buffer);
  }

  /**
   * Cuts a message out of the text that is ahead; `null` where that has none, or not the whole of
   * one.
   */
  #decodeAhead(buffer: ReceiveBuffer): In | null {
    const ahead = this.#ahead;
    if (ahead.buffer !== buffer || ahead.position !== buffer.position) return null;
    if (this.#textEnd === null) return null;
    const { text, at } = ahead;
    const end = text.indexOf(this.#textEnd.last, at);
    if (end === -1) {
      // Bytes that wait for more keep no text.
      this.#ahead = NOTHING_AHEAD;
      return null;
    }
    const isLonger = end > at && text.charCodeAt(end - 1) === this.#textEnd.before;
    const length = (isLonger ? end - 1 : end) - at;
    if (length > this.#format.maxLength) return null;
    const consumed = end + 1 - at;
    buffer.skip(consumed);
    ahead.at += consumed;
    ahead.position += consumed;
    // Where there is a text end, messages are text.
    return text.substring(at, at + length) as In;
  }

  #decodeBytes(buffer: ReceiveBuffer): In | NeedMore {
    const match = this.#frames.find(buffer);
    if (match === null) return NEED_MORE;
    try {
      return this.#take(buffer, match.start);
    } finally {
      buffer.skip(match.end - match.start);
      if (this.#textEnd !== null) this.#lookAhead(buffer);
    }
  }

  #lookAhead(buffer: ReceiveBuffer): void {
    this.#ahead = { buffer, text: buffer.peekAscii(), at: 0, position: buffer.position };
  }

  decodeEnd(buffer: ReceiveBuffer): In | NeedMore {
    const { droppedAtEnd, requiresEnd } = this.#format;
    const last = buffer.byteAt(buffer.length - 1);
    const ignored = last !== undefined && last === droppedAtEnd ? 1 : 0;
    const length = this.#frames.checkRest(buffer, ignored);
    if (length === 0 || requiresEnd) return NEED_MORE;
    const message = length === ignored ? NEED_MORE : this.#take(buffer, length - ignored);
    buffer.clear();
    return message;
  }

  /** Takes a message. Bytes that are not UTF-8 are a bad message, not a broken stream. */
  #take(buffer: ReceiveBuffer, length: number): In {
    // The constructor was told what messages are.
    if (!this.#isText) return buffer.take(length) as In;
    try {
      return buffer.takeText(length) as In;
    } catch (cause) {
      buffer.skip(length);
      const what = `Cannot decode message: its ${length} bytes are not UTF-8`;
      throw new FrameDecodeError(what, { recoverable: true, cause });
    }
  }

  encode(message: Out): EncodedMessage {
    const { maxLength } = this.#format;
    if (typeof message !== "string") checkBytes(message, "encode");
    const isTooLong = typeof message === "string"
      ? isLongerInUtf8(message, maxLength)
      : message.length > maxLength;
    if (isTooLong) throw new FrameTooLongError(lengthOf(message), maxLength, true);
    return this.#guard.close(message);
  }
}

function lengthOf(message: string | Uint8Array): number {
  return typeof message === "string" ? utf8Length(message) : message.length;
}

/** Adds the delimiter to a message, and makes sure that a reader finds it there and not before. */
class DelimiterGuard {
  readonly #delimiters: readonly Uint8Array[];
  readonly #written: Uint8Array;
  // As text, if all the delimiters are ASCII; else null.
  readonly #texts: readonly string[] | null;
  readonly #writtenText: string;
  readonly #isSimple: boolean;

  constructor(delimiters: readonly Uint8Array[], written: Uint8Array) {
    this.#delimiters = delimiters;
    this.#written = written;
    const isAscii = [...delimiters, written].every((bytes) => bytes.every((byte) => byte < 0x80));
    this.#texts = isAscii ? delimiters.map(toAscii) : null;
    this.#writtenText = toAscii(written);
    this.#isSimple = delimiters.length === 1 && delimiters[0]?.length === 1;
  }

  /** The message and its delimiter. */
  close(message: string | Uint8Array): EncodedMessage {
    if (typeof message !== "string") {
      const delimiter = this.#delimiters[0]?.[0] ?? 0;
      if (this.#isSimple ? message.includes(delimiter) : !this.#isWhole(message)) this.#refuse();
      return message.length === 0 ? copyOf(this.#written) : [message, copyOf(this.#written)];
    }
    if (this.#texts === null) return this.close(encoder.encode(message));
    if (this.#texts.some((text) => message.includes(text))) this.#refuse();
    const last = message.at(-1) ?? "";
    const mayJoin = !this.#isSimple && this.#texts.some((text) => text.includes(last));
    if (mayJoin && !this.#isWhole(encoder.encode(message))) this.#refuse();
    return message + this.#writtenText;
  }

  /** Whether a reader finds the first delimiter directly after the message. */
  #isWhole(message: Uint8Array): boolean {
    const buffer = new ReceiveBuffer();
    // The buffer is of this method alone, and only searched: any memory will do.
    if (message.length > 0) buffer.append(message as Bytes);
    buffer.append(copyOf(this.#written));
    return new SeparatorSearch(this.#delimiters).find(buffer)?.start === message.length;
  }

  #refuse(): never {
    throw new FrameEncodeError("Cannot encode message: it contains its delimiter");
  }
}

function toAscii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/**
 * Delimiters that are found in text by their last character, and told apart by the one before it.
 */
interface TextEnd {
  readonly last: string;
  /** The code of the character that the longer one begins with; -1 if there is but one. */
  readonly before: number;
}

/**
 * One character as a delimiter, perhaps another one of two that ends in it; `null` for any others.
 */
function textEndOf(delimiters: readonly Uint8Array[]): TextEnd | null {
  const [short, long, ...more] = delimiters.toSorted((a, b) => a.length - b.length);
  if (short?.length !== 1 || more.length > 0) return null;
  const last = String.fromCharCode(short[0] ?? 0);
  if (long === undefined) return { last, before: -1 };
  const isPair = long.length === 2 && long[1] === short[0];
  return isPair ? { last, before: long[0] ?? -1 } : null;
}
