/**
 * RESP, the wire format of Redis, in versions 2 and 3: a codec that uses only the public API of the
 * library.
 *
 * ```text
 * *2\r\n $3\r\nGET\r\n $5\r\ngreet\r\n   ->   ["GET", "greet"]
 * ```
 *
 * @module
 */
import type { Codec } from "@sluice/net";
import { withMaxLength } from "@sluice/net/codecs";
import type { EncodedMessage, NeedMore, ReceiveBuffer } from "@sluice/net/protocols";
import { RespDecoder } from "./resp_decoder.ts";
import { RespEncoder } from "./resp_encoder.ts";
import type { RespValue } from "./resp_values.ts";

export * from "./resp_values.ts";

/** The default of `maxLength`, in bytes: 64 MiB. Redis allows 512 MiB for each string. */
const DEFAULT_MAX_RESP_LENGTH = 67_108_864;

/** Options for {@linkcode RespCodec}. */
interface RespCodecOptions {
  /**
   * The version that is written to begin with. Both are read.
   *
   * @default {2}
   */
  readonly version?: 2 | 3;
  /**
   * The longest message, in bytes on the wire.
   *
   * @default {67108864}
   */
  readonly maxLength?: number;
}

/** Reads and writes RESP. */
export class RespCodec implements Codec<RespValue> {
  readonly #decoder: RespDecoder;
  readonly #encoder: RespEncoder;
  readonly #limited: Codec<RespValue>;

  /** Makes the codec of one connection. */
  constructor(options: RespCodecOptions = {}) {
    const { version = 2, maxLength = DEFAULT_MAX_RESP_LENGTH } = options;
    const decoder = new RespDecoder({ maxLength });
    const encoder = new RespEncoder(version);
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.#limited = withMaxLength({
      decode: (buffer) => decoder.decode(buffer),
      decodeEnd: (buffer) => decoder.decodeEnd(buffer),
      encode: (value) => encoder.encode(value),
    }, maxLength);
  }

  /** The version that is written. */
  get version(): 2 | 3 {
    return this.#encoder.version;
  }

  set version(version: 2 | 3) {
    this.#encoder.version = version;
  }

  decode(buffer: ReceiveBuffer): RespValue | NeedMore {
    return this.#limited.decode(buffer);
  }

  decodeEnd(buffer: ReceiveBuffer): NeedMore {
    return this.#decoder.decodeEnd(buffer);
  }

  encode(value: RespValue): EncodedMessage {
    return this.#limited.encode(value);
  }
}
