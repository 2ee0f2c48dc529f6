import * as zlib from "node:zlib";
import { DecompressionError, DecompressionLimitError } from "../../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import type { ByteTransform } from "../stack/byte_transform.ts";
import { type Bytes, joinBytes } from "../../protocols/bytes.ts";
import { transformLayer } from "../stack/transform_layer.ts";
import type { LayerFactory } from "../core/transport_options.ts";
import { type CompressedFormat, Decompressor } from "./_decompressor.ts";
import { type Zlib, ZlibStream } from "./_zlib_stream.ts";
import { ZstdBlocks } from "./_zstd_blocks.ts";

/**
 * The default of `maxRatio`: that of Apache's mod_deflate. Text shrinks to a tenth, zeros to a
 * thousandth.
 */
const DEFAULT_MAX_RATIO = 200;
/** The default of `maxExpansion`, 8 MiB: a short run of zeros may legitimately grow to this. */
const DEFAULT_MAX_EXPANSION = 8_388_608;

/** The size of the pieces that come out, in bytes; larger ones were measured to cost more. */
const CHUNK_SIZE = 16_384;
/**
 * The largest window of zstd that is accepted, as a power of two: the 8 MiB that RFC 8878
 * recommends to support.
 */
const ZSTD_WINDOW_LOG = 23;

/** A format of compressed data. */
export type CompressionFormat = "gzip" | "deflate" | "deflate-raw" | "brotli" | "zstd";

/** Options for {@linkcode compression}. */
export interface CompressionOptions {
  /** The format, the same on both ends. */
  readonly format: CompressionFormat;
  /** The compression level: 0 to 9, for brotli 0 to 11, for zstd 1 to 22. By default 6, 5 and 3. */
  readonly level?: number;
  /**
   * How many bytes may come of each received byte, beyond `maxExpansion`.
   *
   * @default {200}
   */
  readonly maxRatio?: number;
  /**
   * How many bytes may come beyond those of `maxRatio`, on the whole connection.
   *
   * @default {8388608}
   */
  readonly maxExpansion?: number;
}

/** The properties of a format. */
interface Codec extends CompressedFormat {
  readonly levels: readonly [lowest: number, highest: number];
  readonly defaultLevel: number;
  /**
   * Put in after the end of a stream, to see whether it is the end. By default a NUL, which is not
   * taken.
   */
  readonly probe?: Bytes;
  /** The output for `probe` after the end. */
  readonly answer?: Bytes;
  compress(level: number): Zlib;
}

const NUL: Bytes = new Uint8Array(1);
/** A whole zstd frame (RFC 8878 section 3.1.1) with one raw block, which holds one byte. */
const ZSTD_FRAME: Bytes = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 0x58]);

const CHUNKS = { chunkSize: CHUNK_SIZE };

const CODECS: Record<CompressionFormat, Codec> = {
  "gzip": deflateCodec(zlib.createGzip, zlib.createGunzip),
  "deflate": deflateCodec(zlib.createDeflate, zlib.createInflate),
  "deflate-raw": deflateCodec(zlib.createDeflateRaw, zlib.createInflateRaw),
  "brotli": {
    levels: [0, 11],
    defaultLevel: 5,
    compress: (level) =>
      zlib.createBrotliCompress({
        ...CHUNKS,
        flush: zlib.constants.BROTLI_OPERATION_FLUSH,
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: level },
      }),
    decompress: () => zlib.createBrotliDecompress(CHUNKS),
  },
  "zstd": {
    levels: [1, 22],
    defaultLevel: 3,
    probe: ZSTD_FRAME,
    answer: ZSTD_FRAME.subarray(-1),
    isRepeated: true,
    makeCutter: () => new ZstdBlocks(),
    compress: (level) =>
      zlib.createZstdCompress({
        ...CHUNKS,
        flush: zlib.constants.ZSTD_e_flush,
        params: {
          [zlib.constants.ZSTD_c_compressionLevel]: level,
          [zlib.constants.ZSTD_c_checksumFlag]: 1,
        },
      }),
    decompress: () =>
      zlib.createZstdDecompress({
        ...CHUNKS,
        params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      }),
  },
};

/** A format around DEFLATE (RFC 1951). */
function deflateCodec(
  compress: (options: zlib.ZlibOptions) => Zlib,
  decompress: (options: zlib.ZlibOptions) => Zlib,
): Codec {
  return {
    levels: [0, 9],
    defaultLevel: 6,
    compress: (level) => compress({ ...CHUNKS, flush: zlib.constants.Z_SYNC_FLUSH, level }),
    decompress: () => decompress(CHUNKS),
  };
}

const CHECKS: OptionTable<CompressionOptions> = {
  format: check.oneOf(...Object.keys(CODECS)),
  level: check.numberFrom(-Infinity),
  maxRatio: check.numberFrom(1),
  maxExpansion: check.size(),
};

/**
 * Makes a layer that compresses what is sent and decompresses what is received. Each direction is
 * one stream of the format, and its end the end of that stream.
 *
 * Bytes that are written in one turn of the event loop leave at its end in a form that the peer can
 * decompress at once, so that dialogues work. Received bytes may grow by `maxRatio`, and by
 * `maxExpansion` beyond that: more ends the connection with a `DecompressionLimitError`; corrupt,
 * incomplete and superfluous data with a `DecompressionError`, after everything that came before
 * the fault.
 *
 * Taken out live (see `removeLayer`) it ends no stream: both ends have to do so where they know
 * that nothing is under way.
 *
 * @example Both ends
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { compression } from "@sluice/net/layers";
 * import { assert, assertEquals } from "@std/assert";
 *
 * let received = 0;
 * const [a, b] = await memoryTransportPair(
 *   () => ({}),
 *   () => ({ dataReceived: (chunk) => received += chunk.length }),
 *   { layers: [compression({ format: "gzip" })] },
 * );
 * a.transport.write("again and ".repeat(10_000));
 * a.transport.close();
 * await b.transport.closed;
 * assertEquals(received, 100_000);
 * assert(b.transport.getExtraInfo("compression") === "gzip");
 * ```
 *
 * @param options The format, and the limits.
 * @throws {TypeError} If the format is not known.
 * @throws {RangeError} If the level or a limit is out of range.
 */
export function compression(options: CompressionOptions): LayerFactory {
  checkOptions("use compression", options, CHECKS, ["format"]);
  const { format, maxRatio = DEFAULT_MAX_RATIO, maxExpansion = DEFAULT_MAX_EXPANSION } = options;
  const { levels: [lowest, highest], defaultLevel } = CODECS[format];
  const { level = defaultLevel } = options;
  if (!(Number.isInteger(level) && level >= lowest && level <= highest)) {
    throw new RangeError(
      `Cannot compress: level ${level} of ${format} is not in ${lowest} to ${highest}`,
    );
  }
  return transformLayer(() => new Compression({ format, level, maxRatio, maxExpansion }));
}

class Compression implements ByteTransform {
  readonly #options: Required<CompressionOptions>;
  readonly #codec: Codec;
  // Made when they are needed: a compressor holds a quarter of a megabyte.
  #compressor: ZlibStream | null = null;
  #decompressor: Decompressor | null = null;
  #received = 0;
  #produced = 0;

  constructor(options: Required<CompressionOptions>) {
    this.#options = options;
    this.#codec = CODECS[options.format];
  }

  encode(chunk: Bytes): AsyncGenerator<Bytes> {
    return this.#outgoing().write(chunk);
  }

  encodeEnd(why: "end" | "leave"): Bytes[] | AsyncGenerator<Bytes> {
    return why === "leave" ? [] : this.#outgoing().end();
  }

  async *decode(chunk: Bytes): AsyncGenerator<Bytes> {
    this.#received += chunk.length;
    const decompressor = this.#incoming();
    try {
      yield* decompressor.write(chunk);
    } catch (error) {
      throw this.#describe(error);
    }
    if (decompressor.used < this.#received) throw this.#fault("more follows after its end");
  }

  async decodeEnd(): Promise<Bytes[]> {
    // A peer that sent nothing at all has broken off nothing.
    if (this.#received > 0 && !await this.#isAtEnd()) throw this.#fault("it ends too early");
    return [];
  }

  close(): void {
    this.#compressor?.destroy();
    this.#decompressor?.destroy();
  }

  getExtraInfo(name: string): unknown {
    return name === "compression" ? this.#options.format : undefined;
  }

  #outgoing(): ZlibStream {
    return this.#compressor ??= new ZlibStream(this.#codec.compress(this.#options.level));
  }

  #incoming(): Decompressor {
    return this.#decompressor ??= new Decompressor(this.#codec, (n) => this.#onProduced(n));
  }

  #onProduced(bytes: number): void {
    this.#produced += bytes;
    const { maxRatio, maxExpansion } = this.#options;
    if (this.#produced > maxRatio * this.#received + maxExpansion) {
      throw new DecompressionLimitError(this.#received, this.#produced, maxRatio);
    }
  }

  /**
   * Whether the incoming stream is complete: not every decompressor says so, but none mistakes what
   * follows for a part of it.
   */
  async #isAtEnd(): Promise<boolean> {
    const { probe = NUL, answer = NUL.subarray(1) } = this.#codec;
    const decompressor = this.#incoming();
    const output: Bytes[] = [];
    try {
      for await (const piece of decompressor.write(probe)) output.push(piece);
    } catch {
      return false;
    }
    const isUnused = answer.length > 0 || decompressor.used === this.#received;
    return isUnused && equals(joinBytes(output), answer);
  }

  #describe(error: unknown): unknown {
    if (error instanceof DecompressionLimitError) return error;
    return this.#fault(error instanceof Error ? error.message : String(error), error);
  }

  #fault(fault: string, cause?: unknown): DecompressionError {
    return new DecompressionError(this.#options.format, fault, { cause });
  }
}

function equals(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
