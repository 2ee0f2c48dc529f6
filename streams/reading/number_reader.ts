import type { Bytes } from "../../protocols/bytes.ts";
import { checkOptions } from "../../protocols/option_checks.ts";
import { NO_OPTIONS, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import { NUMBER_CHECKS, type ReadNumberOptions } from "./read_options.ts";

/**
 * Reads numbers from a stream of bytes, by the names of `DataView`: the part of
 * {@linkcode StreamReader} that is about numbers. Each read waits for all bytes of its number, and
 * fails with an `IncompleteReadError` if the data ends before.
 *
 * @example A frame with a head of numbers
 * ```ts
 * import { StreamReader } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new StreamReader();
 * reader.feedData(new Uint8Array([2, 0, 0, 0, 5, 104, 101, 108, 108, 111]));
 * assertEquals(await reader.readUint8(), 2);
 * const length = await reader.readUint32();
 * assertEquals(new TextDecoder().decode(await reader.readexactly(length)), "hello");
 * ```
 */
export abstract class NumberReader {
  /** Reads exactly `n` bytes. */
  abstract readexactly(n: number, options?: WaitOptions): Promise<Bytes>;

  /** Reads a byte, from 0 to 255. */
  readUint8(options?: ReadNumberOptions): Promise<number> {
    return this.#read(1, (view) => view.getUint8(0), options);
  }

  /** Reads a byte, from -128 to 127. */
  readInt8(options?: ReadNumberOptions): Promise<number> {
    return this.#read(1, (view) => view.getInt8(0), options);
  }

  /** Reads a whole number of 2 bytes, from 0 on. */
  readUint16(options?: ReadNumberOptions): Promise<number> {
    return this.#read(2, (view, littleEndian) => view.getUint16(0, littleEndian), options);
  }

  /** Reads a whole number of 2 bytes, with a sign. */
  readInt16(options?: ReadNumberOptions): Promise<number> {
    return this.#read(2, (view, littleEndian) => view.getInt16(0, littleEndian), options);
  }

  /** Reads a whole number of 4 bytes, from 0 on. */
  readUint32(options?: ReadNumberOptions): Promise<number> {
    return this.#read(4, (view, littleEndian) => view.getUint32(0, littleEndian), options);
  }

  /** Reads a whole number of 4 bytes, with a sign. */
  readInt32(options?: ReadNumberOptions): Promise<number> {
    return this.#read(4, (view, littleEndian) => view.getInt32(0, littleEndian), options);
  }

  /** Reads a whole number of 8 bytes, from 0 on. */
  readBigUint64(options?: ReadNumberOptions): Promise<bigint> {
    return this.#read(8, (view, littleEndian) => view.getBigUint64(0, littleEndian), options);
  }

  /** Reads a whole number of 8 bytes, with a sign. */
  readBigInt64(options?: ReadNumberOptions): Promise<bigint> {
    return this.#read(8, (view, littleEndian) => view.getBigInt64(0, littleEndian), options);
  }

  /** Reads a number of 4 bytes, with a fraction: IEEE 754. */
  readFloat32(options?: ReadNumberOptions): Promise<number> {
    return this.#read(4, (view, littleEndian) => view.getFloat32(0, littleEndian), options);
  }

  /** Reads a number of 8 bytes, with a fraction: IEEE 754. */
  readFloat64(options?: ReadNumberOptions): Promise<number> {
    return this.#read(8, (view, littleEndian) => view.getFloat64(0, littleEndian), options);
  }

  async #read<T>(
    size: number,
    get: (view: DataView, littleEndian: boolean) => T,
    options: ReadNumberOptions = NO_OPTIONS,
  ): Promise<T> {
    if (options !== NO_OPTIONS) checkOptions("read number", options, NUMBER_CHECKS);
    const { littleEndian = false, ...wait } = options;
    const bytes = await this.readexactly(size, wait);
    return get(new DataView(bytes.buffer, bytes.byteOffset, size), littleEndian);
  }
}
