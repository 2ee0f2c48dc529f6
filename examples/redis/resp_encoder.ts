import {
  type EncodedMessage,
  type Encoder,
  FrameEncodeError,
  utf8Length,
} from "@sluice/net/protocols";
import {
  Attributed,
  Double,
  Push,
  RespError,
  type RespValue,
  SimpleString,
  VerbatimString,
} from "./resp_values.ts";

/** The largest and smallest integer that is sent as one: 64 bits. */
const INTEGER_BITS = 64;

/** A message in the making: text as long as it is text, so that a small one is one string. */
class Parts {
  readonly #done: (Uint8Array | string)[] = [];
  #text = "";

  text(text: string): void {
    this.#text += text;
  }

  /** Bytes are not copied. */
  bytes(bytes: Uint8Array): void {
    this.#done.push(this.#text, bytes);
    this.#text = "";
  }

  end(): EncodedMessage {
    return this.#done.length === 0 ? this.#text : [...this.#done, this.#text];
  }
}

/** Writes RESP: version 2, which every client reads, or version 3, which says more of the types. */
export class RespEncoder implements Encoder<RespValue> {
  /**
   * Which version is written. Version 2 has fewer types: the nearest one is written.
   */
  version: 2 | 3;

  /** Takes the version to begin with. */
  constructor(version: 2 | 3 = 2) {
    this.version = version;
  }

  encode(value: RespValue): EncodedMessage {
    if (typeof value === "string") return bulk(value);
    const parts = new Parts();
    this.#write(value, parts);
    return parts.end();
  }

  #write(value: RespValue, parts: Parts): void {
    switch (typeof value) {
      case "string":
        return parts.text(bulk(value));
      case "number":
        return parts.text(Number.isSafeInteger(value) ? `:${value}\r\n` : this.#double(value));
      case "bigint":
        return parts.text(this.#bigint(value));
      case "boolean":
        if (this.version === 2) return parts.text(value ? ":1\r\n" : ":0\r\n");
        return parts.text(value ? "#t\r\n" : "#f\r\n");
    }
    if (value === null) return parts.text(this.version === 2 ? "$-1\r\n" : "_\r\n");
    if (value instanceof Uint8Array) {
      parts.text(`$${value.length}\r\n`);
      parts.bytes(value);
      return parts.text("\r\n");
    }
    if (Array.isArray(value)) return this.#list("*", value, parts);
    this.#writeObject(value, parts);
  }

  #writeObject(value: RespValue, parts: Parts): void {
    if (value instanceof SimpleString) return parts.text(`+${line(value.text)}\r\n`);
    if (value instanceof RespError) return parts.text(this.#error(value.message));
    if (value instanceof Double) return parts.text(this.#double(value.value));
    if (value instanceof VerbatimString) return parts.text(this.#verbatim(value));
    if (value instanceof Map) return this.#map("%", value, parts);
    if (value instanceof Set) return this.#list(this.version === 2 ? "*" : "~", [...value], parts);
    if (value instanceof Push) {
      return this.#list(this.version === 2 ? "*" : ">", value.values, parts);
    }
    if (value instanceof Attributed) {
      // Version 2 knows the value alone.
      if (this.version === 3) this.#map("|", value.attributes, parts);
      return this.#write(value.value, parts);
    }
    throw new FrameEncodeError(`Cannot encode message: RESP has no ${typeof value}`);
  }

  #list(mark: string, values: readonly RespValue[], parts: Parts): void {
    parts.text(`${mark}${values.length}\r\n`);
    for (const value of values) this.#write(value, parts);
  }

  #map(mark: string, map: ReadonlyMap<RespValue, RespValue>, parts: Parts): void {
    if (this.version === 2) return this.#list("*", [...map].flat(), parts);
    parts.text(`${mark}${map.size}\r\n`);
    for (const [key, value] of map) {
      this.#write(key, parts);
      this.#write(value, parts);
    }
  }

  #double(value: number): string {
    const text = Number.isFinite(value)
      ? String(value)
      : Number.isNaN(value)
      ? "nan"
      : value > 0
      ? "inf"
      : "-inf";
    return this.version === 2 ? bulk(text) : `,${text}\r\n`;
  }

  #bigint(value: bigint): string {
    if (BigInt.asIntN(INTEGER_BITS, value) === value) return `:${value}\r\n`;
    return this.version === 2 ? bulk(String(value)) : `(${value}\r\n`;
  }

  #error(message: string): string {
    const isOneLine = !/[\r\n]/.test(message);
    if (isOneLine) return `-${message}\r\n`;
    if (this.version === 3) return `!${utf8Length(message)}\r\n${message}\r\n`;
    return `-${message.replace(/[\r\n]+/g, " ")}\r\n`;
  }

  #verbatim({ format, text }: VerbatimString): string {
    if (format.length !== 3) {
      throw new FrameEncodeError(`Cannot encode message: "${format}" is no format of 3 letters`);
    }
    return this.version === 2 ? bulk(text) : `=${utf8Length(text) + 4}\r\n${format}:${text}\r\n`;
  }
}

function bulk(text: string): string {
  return `$${utf8Length(text)}\r\n${text}\r\n`;
}

function line(text: string): string {
  if (!/[\r\n]/.test(text)) return text;
  throw new FrameEncodeError(`Cannot encode message: a simple string has a line end in it`);
}
