import type { Bytes } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { Layer } from "../../../transports/layer.ts";
import type { ByteTransform } from "../../../transports/byte_transform.ts";
import { joinBytes } from "../../../transports/join_bytes.ts";
import { transformLayer } from "../../../transports/transform_layer.ts";
import type { LayerFactory } from "../../../transports/transport_options.ts";

/** `makePair` with a stack of layers at both ends. */
export function layered(
  makePair: MakeTransportPair,
  layers: readonly LayerFactory[],
): MakeTransportPair {
  return (factoryA, factoryB, options) => makePair(factoryA, factoryB, { ...options, layers });
}

/** A layer that changes nothing. */
export function passThrough(): LayerFactory {
  return (upper, options) => new Layer(upper, options);
}

/** A transform that gives back what it is given. */
export function identity(): LayerFactory {
  return transformLayer(() => ({ encode: (chunk) => chunk, decode: (chunk) => chunk }));
}

/** Every byte in two, in pieces of odd sizes, after a moment; joined again on the other side. */
export function doubling(): LayerFactory {
  return transformLayer(() => new Doubling());
}

class Doubling implements ByteTransform {
  #odd: Bytes = new Uint8Array(0);

  async *encode(chunk: Bytes): AsyncGenerator<Bytes> {
    const doubled = new Uint8Array(2 * chunk.length);
    for (let i = 0; i < doubled.length; i++) doubled[i] = chunk[i >> 1] ?? 0;
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
    const halved = new Uint8Array(whole.length >> 1);
    for (let i = 0; i < halved.length; i++) halved[i] = whole[2 * i] ?? 0;
    return halved;
  }
}

/** Frames of up to 255 bytes behind a length, whose end is marked: what follows is not its own. */
export function framing(): LayerFactory {
  return transformLayer(() => new Framing());
}

class Framing implements ByteTransform {
  #buffer: Bytes = new Uint8Array(0);
  #ended = Promise.withResolvers<void>();

  *encode(chunk: Bytes): Generator<Bytes> {
    for (let start = 0; start < chunk.length; start += 255) {
      const part = chunk.subarray(start, start + 255);
      yield joinBytes([new Uint8Array([part.length]), part]);
    }
  }

  encodeEnd(): Bytes {
    return new Uint8Array(1);
  }

  decode(chunk: Bytes): Bytes[] {
    this.#buffer = joinBytes([this.#buffer, chunk]);
    const frames: Bytes[] = [];
    for (
      let [length = 0] = this.#buffer;
      length < this.#buffer.length;
      [length = 0] = this.#buffer
    ) {
      if (length === 0) {
        this.#ended.resolve();
        break;
      }
      frames.push(this.#buffer.slice(1, 1 + length));
      this.#buffer = this.#buffer.subarray(1 + length);
    }
    return frames;
  }

  async leave(): Promise<Bytes> {
    await this.#ended.promise;
    return this.#buffer.slice(1);
  }

  close(): void {
    this.#ended.resolve();
  }
}
