import { type Bytes, joinBytes } from "../../../protocols/bytes.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import type { ByteTransform } from "../../../transports/stack/byte_transform.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";

/** A layer that changes nothing. */
export function passThrough(): LayerFactory {
  return (upper, options) => new Layer(upper, options);
}

/** A transform that gives back what it is given. */
export function identity(): LayerFactory {
  return transformLayer(() => ({ encode: (chunk) => chunk, decode: (chunk) => chunk }));
}

/** The same for chunks that are lent. */
export function borrowingIdentity(): LayerFactory {
  return transformLayer(() => ({
    borrowsChunks: true,
    encode: (chunk) => chunk,
    decode: (chunk) => chunk,
  }));
}

/** Every byte in two, in pieces of odd sizes, after a moment; joined again on the other side. */
export function doubling(): LayerFactory {
  return transformLayer(() => new Doubling());
}

class Doubling implements ByteTransform {
  readonly borrowsChunks = true;
  #odd: Bytes = new Uint8Array(0);

  async *encode(chunk: Bytes): AsyncGenerator<Bytes> {
    const pairs = new Uint16Array(chunk.length);
    for (let i = 0; i < pairs.length; i++) pairs[i] = 257 * (chunk[i] ?? 0);
    const doubled = new Uint8Array(pairs.buffer);
    for (let start = 0; start < doubled.length;) {
      const end = start < 10 ? start + 3 : start + 20_001;
      await Promise.resolve();
      yield doubled.subarray(start, end);
      start = end;
    }
  }

  async decode(chunk: Bytes): Promise<Bytes> {
    const whole = joinBytes([this.#odd, chunk]);
    await Promise.resolve();
    this.#odd = whole.slice(whole.length & ~1);
    return new Uint8Array(new Uint16Array(whole.buffer, 0, whole.length >> 1));
  }
}

/**
 * Frames of up to 4,000 bytes after their length; an empty frame is the end, and later bytes are
 * not the layer's.
 */
export function framing(): LayerFactory {
  return transformLayer(() => new Framing());
}

const MAX_FRAME = 4000;

class Framing implements ByteTransform {
  #buffer: Bytes = new Uint8Array(0);
  #ended = Promise.withResolvers<void>();

  *encode(chunk: Bytes): Generator<Bytes> {
    for (let start = 0; start < chunk.length; start += MAX_FRAME) {
      const part = chunk.subarray(start, start + MAX_FRAME);
      yield joinBytes([new Uint8Array([part.length >> 8, part.length & 255]), part]);
    }
  }

  encodeEnd(): Bytes {
    return new Uint8Array(2);
  }

  decode(chunk: Bytes): Bytes[] {
    this.#buffer = joinBytes([this.#buffer, chunk]);
    const frames: Bytes[] = [];
    for (;;) {
      const [upper = 0, lower] = this.#buffer;
      if (lower === undefined) break;
      const end = 2 + (upper << 8 | lower);
      if (end === 2) this.#ended.resolve();
      if (end === 2 || end > this.#buffer.length) break;
      frames.push(this.#buffer.slice(2, end));
      this.#buffer = this.#buffer.subarray(end);
    }
    return frames;
  }

  async leave(): Promise<Bytes> {
    await this.#ended.promise;
    return this.#buffer.slice(2);
  }

  close(): void {
    this.#ended.resolve();
  }
}
