/**
 * A reader of DER, the encoding of certificates (X.690). It takes what DER allows and nothing else:
 * lengths in their shortest form, tags of one byte, no bytes left over.
 *
 * @module
 */

/** The tags that certificates are made of. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The longest length in a certificate, in bytes: as for the native engine, two bytes say it. */
const MAX_LENGTH_BYTES = 2;

/** A value: its tag and its contents, which are a view of the bytes that it was read from. */
export interface DerValue {
  readonly tag: number;
  readonly contents: Uint8Array;
}

/** Bytes of a certificate that are not DER, or not of the expected kind. */
export class DerError extends Error {
  /** Takes the problem in words. */
  constructor(problem: string) {
    super(problem);
    this.name = "DerError";
  }
}

/** Reads values one after the other. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** Reads from the start of the bytes. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all was read. */
  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next value; `undefined` at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next value. */
  next(): DerValue {
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) throw new DerError("A tag is longer than one byte");
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new DerError("A value is cut off");
    const contents = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return { tag, contents };
  }

  /** The contents of the next value, which has the tag. */
  expect(tag: number): Uint8Array {
    const value = this.next();
    if (value.tag !== tag) throw new DerError(`Tag ${value.tag} where ${tag} is expected`);
    return value.contents;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new DerError("A value is cut off");
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw new DerError("A length is out of range");
    let length = 0;
    for (let i = 0; i < count; i++) length = length << 8 | this.#byte();
    if (length < 0x80 || length >>> 8 * (count - 1) === 0) {
      throw new DerError("A length is not in its shortest form");
    }
    return length;
  }
}

/** All values in the bytes. */
export function readValues(bytes: Uint8Array): DerValue[] {
  const reader = new DerReader(bytes);
  const values: DerValue[] = [];
  while (!reader.isDone) values.push(reader.next());
  return values;
}

/** Reads the bytes with `read`, which must leave none. */
export function readAll<T>(bytes: Uint8Array, read: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes);
  const result = read(reader);
  if (!reader.isDone) throw new DerError("There are bytes after the end of a value");
  return result;
}

/** Reads the only value in the bytes, a sequence, with `read`. */
export function readSequence<T>(bytes: Uint8Array, read: (inside: DerReader) => T): T {
  return readAll(readAll(bytes, (reader) => reader.expect(TAG.sequence)), read);
}

/** Reads the only value in the bytes, a sequence, as the values in it. */
export function readList(bytes: Uint8Array): DerValue[] {
  return readValues(readAll(bytes, (reader) => reader.expect(TAG.sequence)));
}

/** What `read` returns; `null` if it meets bytes that are not encoded as they must be. */
export function tryToRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}
