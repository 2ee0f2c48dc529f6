import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { type Bytes, checkBytes } from "../bytes.ts";
import { DelimitedFrames } from "./_delimited_frames.ts";
import {
  FrameDecodeError,
  FrameEncodeError,
  FrameTooLongError,
  IncompleteFrameError,
} from "../errors.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";
import { LengthLimit } from "./_length_limit.ts";
import { utf8Length } from "../framing/utf8.ts";

/**
 * The default of `maxLength`, in bytes: 16 MiB. Editors send whole documents, and language servers
 * lists of everything that could be typed next; the number itself is a guess.
 */
const DEFAULT_MAX_CONTENT_LENGTH = 16_777_216;

/** The default of `maxHeaderLength`, in bytes: 8 KiB, as in most HTTP servers. */
const DEFAULT_MAX_CONTENT_HEADER_LENGTH = 8192;

/** Options for {@linkcode contentLengthCodec}. */
export interface ContentLengthCodecOptions {
  /**
   * The longest body, in bytes; `Infinity` for no limit.
   *
   * @default {16777216}
   */
  readonly maxLength?: number;
  /**
   * The longest header, in bytes; `Infinity` for no limit.
   *
   * @default {8192}
   */
  readonly maxHeaderLength?: number;
}

const CHECKS: OptionTable<ContentLengthCodecOptions> = {
  maxLength: check.wholeNumberOrInfinity(1),
  maxHeaderLength: check.wholeNumberOrInfinity(1),
};

/** A body and what its header says. */
export interface ContentMessage {
  /**
   * The header's fields by their names in lower case. The length is among those that are received.
   */
  readonly headers: ReadonlyMap<string, string>;
  /** The body, of the length that the header gives. */
  readonly body: Bytes;
}

/** A message to send: a body, with fields for its header or without. */
export type OutgoingContent = Uint8Array | string | {
  /** Further fields of the header; the length is added. */
  readonly headers?: ReadonlyMap<string, string>;
  /** The body after the header; a string is sent as UTF-8. */
  readonly body: Uint8Array | string;
};

const CONTENT_LENGTH = "content-length";
const HEADER_END = new Uint8Array([0x0d, 0x0a, 0x0d, 0x0a]);
/** A token of RFC 9110. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/**
 * The text that a field may have: no line ends, which would begin another field, and no other
 * control characters but tabs.
 */
const VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

/**
 * Messages with a header that tells their length: the framing of the Language Server Protocol, of
 * the Debug Adapter Protocol and of much that is modelled on them.
 *
 * ```text
 * Content-Length: 17\r\n
 * \r\n
 * {"jsonrpc":"2.0"}
 * ```
 *
 * A body that is too long is bad and recoverable: it is passed over as it arrives. Everything that
 * is wrong with a header breaks the stream: no length or two, a field without a colon, a header
 * without end.
 *
 * @example Reading and writing
 * ```ts
 * import { contentLengthCodec } from "@sluice/net/codecs";
 * import { FrameReader, NEED_MORE } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = contentLengthCodec();
 * assertEquals(codec.encode("{}"), "Content-Length: 2\r\n\r\n{}");
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new TextEncoder().encode("Content-Length: 2\r\n\r\n{}"));
 * const message = reader.next();
 * assertEquals(message !== NEED_MORE && new TextDecoder().decode(message.body), "{}");
 * ```
 *
 * @param options The limits.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If one is out of range.
 */
export function contentLengthCodec(
  options: ContentLengthCodecOptions = {},
): Codec<ContentMessage, OutgoingContent> {
  checkOptions("use contentLengthCodec", options, CHECKS);
  return new ContentLengthCodec(
    options.maxLength ?? DEFAULT_MAX_CONTENT_LENGTH,
    options.maxHeaderLength ?? DEFAULT_MAX_CONTENT_HEADER_LENGTH,
  );
}

/** A header whose body is still to come. */
interface Announced {
  readonly headers: ReadonlyMap<string, string>;
  readonly length: number;
}

class ContentLengthCodec implements Codec<ContentMessage, OutgoingContent> {
  readonly #limit: LengthLimit;
  readonly #header: DelimitedFrames;
  // The header of the message whose body is awaited.
  #pending: Announced | null = null;

  constructor(maxLength: number, maxHeaderLength: number) {
    this.#limit = new LengthLimit(maxLength);
    this.#header = new DelimitedFrames([HEADER_END], maxHeaderLength);
  }

  decode(buffer: ReceiveBuffer): ContentMessage | NeedMore {
    if (!this.#limit.isPassed(buffer)) return NEED_MORE;
    this.#pending ??= this.#takeHeader(buffer);
    if (this.#pending === null || buffer.length < this.#pending.length) return NEED_MORE;
    const { headers, length } = this.#pending;
    this.#pending = null;
    return { headers, body: buffer.take(length) };
  }

  decodeEnd(buffer: ReceiveBuffer): NeedMore {
    if (this.#pending !== null) throw new IncompleteFrameError(buffer.length);
    return NEED_MORE;
  }

  encode(message: OutgoingContent): EncodedMessage {
    const isBody = typeof message === "string" || message instanceof Uint8Array;
    const { headers = new Map<string, string>(), body } = isBody ? { body: message } : message;
    if (typeof body !== "string") checkBytes(body, "encode");
    const length = typeof body === "string" ? utf8Length(body) : body.length;
    const { max } = this.#limit;
    if (length > max) throw new FrameTooLongError(length, max, true);
    const fields = Array.from(headers, ([name, value]) => formatField(name, value)).join("");
    const header = `Content-Length: ${length}\r\n${fields}\r\n`;
    return typeof body === "string" ? header + body : [header, body];
  }

  #takeHeader(buffer: ReceiveBuffer): Announced | null {
    const match = this.#findHeaderEnd(buffer);
    if (match === null) return null;
    const headers = parseHeader(takeHeaderText(buffer, match.start));
    buffer.skip(HEADER_END.length);
    const text = headers.get(CONTENT_LENGTH);
    if (text === undefined || !/^\d{1,15}$/.test(text)) {
      throw new FrameDecodeError(`Cannot decode header: ${CONTENT_LENGTH} is ${quote(text)}`);
    }
    const length = Number(text);
    if (length > this.#limit.max) this.#limit.refuse(buffer, length, length);
    return { headers, length };
  }

  #findHeaderEnd(buffer: ReceiveBuffer): { readonly start: number } | null {
    try {
      return this.#header.find(buffer);
    } catch (error) {
      // The length of the body is not known.
      if (!(error instanceof FrameTooLongError)) throw error;
      throw new FrameTooLongError(error.length, error.limit);
    }
  }
}

function takeHeaderText(buffer: ReceiveBuffer, length: number): string {
  try {
    return buffer.takeText(length);
  } catch (cause) {
    throw new FrameDecodeError("Cannot decode header: its text is not UTF-8", { cause });
  }
}

function parseHeader(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.substring(0, colon).toLowerCase();
    const value = trimBlanks(line.substring(colon + 1));
    if (!NAME.test(name) || !VALUE.test(value)) {
      throw new FrameDecodeError(`Cannot decode header: field is ${quote(line)}`);
    }
    const before = headers.get(name);
    if (before !== undefined && name === CONTENT_LENGTH) {
      throw new FrameDecodeError(`Cannot decode header: ${name} is given twice`);
    }
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** Without blanks and tabs around it: a line end among them would be a mistake. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.substring(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

function formatField(name: string, value: string): string {
  if (!NAME.test(name) || !VALUE.test(value) || name.toLowerCase() === CONTENT_LENGTH) {
    throw new FrameEncodeError(
      `Cannot encode header: field is ${quote(`${name}: ${value}`)}`,
    );
  }
  return `${name}: ${value}\r\n`;
}

/** Text of the peer, safe to print and not too long. */
function quote(text: string | undefined): string {
  return text === undefined ? "missing" : JSON.stringify(text.substring(0, 80));
}
