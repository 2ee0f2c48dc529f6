/**
 * A layer that encrypts with AES-256-GCM, as a user of the library would write one: a transform of
 * bytes, passed to `transformLayer`. See encrypted_echo.ts for its limits.
 *
 * ```text
 * salt (32 random bytes)   record*   last record
 * record: length of the rest, 4 bytes, its top bit set in the last one | ciphertext | tag, 16 bytes
 * ```
 *
 * Each direction has a key of its own, derived from the common key and the salts of both ends, the
 * sender's first. So the number of a record, counted from 0 and not sent, can be its nonce: no
 * nonce is used twice, and a record that is repeated, omitted, moved or sent back does not decrypt.
 * The header is authenticated as well.
 *
 * @module
 */
import type { Bytes, LayerFactory } from "@sluice/net";
import { type ByteTransform, transformLayer } from "@sluice/net/layers";
import { ReceiveBuffer } from "@sluice/net/protocols";

/** The most bytes of clear text in a record. */
const LONGEST_RECORD = 16_384;
/** The length of a key, and of a salt, in bytes. */
export const KEY_LENGTH = 32;
const HEADER_LENGTH = 4;
const TAG_LENGTH = 16;
const LAST = 0x8000_0000;

/** The received bytes were changed, are incomplete, or were encrypted with another key. */
export class EncryptionError extends Error {
  override name = "EncryptionError";
}

/** Makes a layer that encrypts with a key of 32 bytes, which both ends must know. */
export function encryption(key: Bytes): LayerFactory {
  if (key.length !== KEY_LENGTH) {
    throw new RangeError(`Cannot encrypt: the key has ${key.length} bytes, not ${KEY_LENGTH}`);
  }
  return transformLayer(() => new Encryption(key));
}

class Encryption implements ByteTransform {
  readonly #key: Bytes;
  readonly #salt = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
  readonly #received = new ReceiveBuffer();
  readonly #sender = Promise.withResolvers<RecordCipher>();
  #receiver: RecordCipher | null = null;
  #isEnded = false;

  constructor(key: Bytes) {
    this.#key = key;
    // If no one writes before the connection ends, the rejection has no other handler.
    this.#sender.promise.catch(() => {});
  }

  encodeStart(): Bytes {
    return this.#salt;
  }

  async *encode(chunk: Bytes): AsyncGenerator<Bytes> {
    const sender = await this.#sender.promise;
    for (let start = 0; start < chunk.length; start += LONGEST_RECORD) {
      yield* sender.encrypt(chunk.subarray(start, start + LONGEST_RECORD), 0);
    }
  }

  async *encodeEnd(): AsyncGenerator<Bytes> {
    const sender = await this.#sender.promise;
    yield* sender.encrypt(new Uint8Array(0), LAST);
  }

  async *decode(chunk: Bytes): AsyncGenerator<Bytes> {
    this.#received.append(chunk);
    if (this.#receiver === null && this.#received.length >= KEY_LENGTH) await this.#agree();
    for (let record = this.#takeRecord(); record !== null; record = this.#takeRecord()) {
      if (this.#isEnded) throw new EncryptionError("Cannot decrypt: more follows after the end");
      this.#isEnded = record.isLast;
      yield await this.#receiver?.decrypt(record.header, record.body) ?? record.body;
    }
  }

  decodeEnd(): Bytes[] {
    if (this.#isEnded) return [];
    throw new EncryptionError("Cannot decrypt: the data ended before its end was sent");
  }

  close(): void {
    this.#sender.reject(new Error("The connection has ended"));
  }

  /** Takes the salt of the other end, and derives the keys of both directions. */
  async #agree(): Promise<void> {
    const salt = this.#received.take(KEY_LENGTH);
    if (salt.every((byte, index) => byte === this.#salt[index])) {
      throw new EncryptionError("Cannot decrypt: the salt is our own, sent back");
    }
    this.#receiver = await RecordCipher.derive(this.#key, salt, this.#salt);
    this.#sender.resolve(await RecordCipher.derive(this.#key, this.#salt, salt));
  }

  #takeRecord(): { header: Bytes; body: Bytes; isLast: boolean } | null {
    if (this.#receiver === null || this.#received.length < HEADER_LENGTH) return null;
    const header = this.#received.peek(HEADER_LENGTH);
    const word = new DataView(header.buffer, header.byteOffset).getUint32(0);
    const length = word & ~LAST;
    if (length < TAG_LENGTH || length > LONGEST_RECORD + TAG_LENGTH) {
      throw new EncryptionError(`Cannot decrypt: ${length} is no length of a record`);
    }
    if (this.#received.length < HEADER_LENGTH + length) return null;
    this.#received.skip(HEADER_LENGTH);
    return { header, body: this.#received.take(length), isLast: word >= LAST };
  }
}

/** Encrypts or decrypts the records of one direction, in their order. */
class RecordCipher {
  readonly #key: CryptoKey;
  #count = 0n;

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** The cipher for the direction from the end with one salt to the end with the other. */
  static async derive(key: Bytes, sender: Bytes, receiver: Bytes): Promise<RecordCipher> {
    const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveKey"]);
    const salt = new Uint8Array([...sender, ...receiver]);
    const info = new TextEncoder().encode("encrypted echo, version 1");
    return new RecordCipher(
      await crypto.subtle.deriveKey(
        { name: "HKDF", hash: "SHA-256", salt, info },
        material,
        { name: "AES-GCM", length: 256 },
        false,
        ["encrypt", "decrypt"],
      ),
    );
  }

  async *encrypt(text: Bytes, flag: number): AsyncGenerator<Bytes> {
    const header = new Uint8Array(HEADER_LENGTH);
    new DataView(header.buffer).setUint32(0, (text.length + TAG_LENGTH | flag) >>> 0);
    const body = await crypto.subtle.encrypt(this.#nextRecord(header), this.#key, text);
    yield header;
    yield new Uint8Array(body);
  }

  async decrypt(header: Bytes, body: Bytes): Promise<Bytes> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.#nextRecord(header), this.#key, body));
    } catch (cause) {
      throw new EncryptionError(
        "Cannot decrypt: it was changed, or was encrypted with another key",
        { cause },
      );
    }
  }

  #nextRecord(header: Bytes): AesGcmParams {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setBigUint64(4, this.#count++);
    return { name: "AES-GCM", iv, additionalData: header };
  }
}
