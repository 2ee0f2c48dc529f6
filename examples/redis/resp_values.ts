/**
 * The values of RESP, Redis's wire format, in the types of this language where it has them.
 *
 * @module
 */

/**
 * A failure that the server reports: a value like any other, since a command may fail inside a list
 * that does not.
 */
export class RespError {
  /** The text as it is sent, with the code in front. */
  readonly message: string;
  /** The first word, such as `ERR` or `WRONGTYPE`. */
  readonly code: string;

  /** Takes the text. */
  constructor(message: string) {
    this.message = message;
    this.code = message.split(" ", 1)[0] ?? "";
  }
}

/** A short text without line ends, such as `OK`. It is received as a plain string. */
export class SimpleString {
  /** The text. */
  readonly text: string;

  /** Takes the text. */
  constructor(text: string) {
    this.text = text;
  }
}

/** A number that is sent as a double even where it is whole. It is received as a plain number. */
export class Double {
  /** The number; it may be infinite or NaN. */
  readonly value: number;

  /** Takes the number. */
  constructor(value: number) {
    this.value = value;
  }
}

/** A text that says in three letters how it is to be shown: `txt` or `mkd`. */
export class VerbatimString {
  /** The three letters. */
  readonly format: string;
  /** The text. */
  readonly text: string;

  /** Takes the letters and the text. */
  constructor(format: string, text: string) {
    this.format = format;
    this.text = text;
  }
}

/** Values that the server sends unasked, such as a published message. */
export class Push {
  /** The values; the first one says what this is. */
  readonly values: readonly RespValue[];

  /** Takes the values. */
  constructor(values: readonly RespValue[]) {
    this.values = values;
  }
}

/** A value with facts about it. */
export class Attributed {
  /** The facts. */
  readonly attributes: ReadonlyMap<RespValue, RespValue>;
  /** The value. */
  readonly value: RespValue;

  /** Takes the facts and the value. */
  constructor(attributes: ReadonlyMap<RespValue, RespValue>, value: RespValue) {
    this.attributes = attributes;
    this.value = value;
  }
}

/**
 * A value of RESP. A received value is never a {@linkcode SimpleString} or a {@linkcode Double}:
 * these two choose how a value is sent.
 *
 * A string of bytes is a string if it is UTF-8, else a `Uint8Array`. Whole numbers are a `number`,
 * or a `bigint` beyond 2^53.
 */
export type RespValue =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | RespError
  | SimpleString
  | Double
  | VerbatimString
  | Push
  | Attributed
  | readonly RespValue[]
  | ReadonlyMap<RespValue, RespValue>
  | ReadonlySet<RespValue>;
