import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import type { ByteTransform } from "../../../transports/stack/byte_transform.ts";
import { type Bytes, joinBytes } from "../../../protocols/bytes.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { layeredTcpPair } from "./transport_pairs.ts";

/** A layer at the first and at the second end of a connection. */
export interface LayerEnds {
  /** That of the end that connects. */
  readonly a: LayerFactory;
  /** That of the other one. */
  readonly b: LayerFactory;
}

/** The same layer at both ends. */
export function both(layer: LayerFactory): LayerEnds {
  return { a: layer, b: layer };
}

/** Two ends in memory, or over TCP, on a stack of layers. */
export function layeredPair(
  carrier: "memory" | "TCP",
  ends: readonly LayerEnds[],
): MakeTransportPair {
  const layersA = ends.map(({ a }) => a);
  const layersB = ends.map(({ b }) => b);
  if (carrier === "TCP") return layeredTcpPair(layersA, layersB);
  return (factoryA, factoryB, options) => {
    // Those of the first end are made first.
    let made = 0;
    const layers = ends.map(({ a, b }): LayerFactory => (upper, layerOptions) =>
      (made++ < ends.length ? a : b)(upper, layerOptions)
    );
    return memoryTransportPair(factoryA, factoryB, { ...options, layers });
  };
}

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

/** Frames of up to 4,000 bytes behind a length, whose end is marked: what follows is not its own. */
export function framing(): LayerFactory {
  return transformLayer(() => new Framing());
}

const MOST_IN_FRAME = 4000;

class Framing implements ByteTransform {
  #buffer: Bytes = new Uint8Array(0);
  #ended = Promise.withResolvers<void>();

  *encode(chunk: Bytes): Generator<Bytes> {
    for (let start = 0; start < chunk.length; start += MOST_IN_FRAME) {
      const part = chunk.subarray(start, start + MOST_IN_FRAME);
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
