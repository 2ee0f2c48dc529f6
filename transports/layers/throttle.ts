import type { Bytes } from "../../protocols/bytes.ts";
import type { ByteTransform } from "../stack/byte_transform.ts";
import { type Clock, clockCheck, Pause, systemClock } from "../core/clock.ts";
import { transformLayer } from "../stack/transform_layer.ts";
import type { LayerFactory } from "../core/transport_options.ts";
import {
  type Check,
  check,
  checkOptions,
  optionsOf,
  type OptionTable,
} from "../../protocols/option_checks.ts";
import { BUCKET_CHECKS, TokenBucket, type TokenBucketOptions } from "./token_bucket.ts";

/** Data passes in pieces of what this many milliseconds allow. */
const PIECE_MS = 20;

/** Options for {@linkcode throttle}: how fast each direction may be. */
export interface ThrottleOptions {
  /**
   * The limit for sent bytes: a rate for each connection, or a bucket that several share. No limit
   * by default.
   */
  readonly send?: TokenBucket | TokenBucketOptions;
  /** The limit for received bytes, in the same way. No limit by default. */
  readonly receive?: TokenBucket | TokenBucketOptions;
  /** Where the time to wait comes from; the system's clock by default. */
  readonly clock?: Clock;
}

const limit: Check = check.either(
  (value) => value instanceof TokenBucket,
  check.anything,
  optionsOf(BUCKET_CHECKS, ["rate"]),
);

const CHECKS: OptionTable<ThrottleOptions> = { send: limit, receive: limit, clock: clockCheck };

/**
 * Makes a layer that holds back bytes so that no more than so many a second pass.
 *
 * Data that may not be sent yet stays queued and counts towards the water marks of the transport
 * above; data that may not be received yet is not read, so that the peer has to wait as well.
 *
 * @example All connections of a server together send at most 1 MB a second
 * ```ts
 * import { createServer, Protocol } from "@sluice/net";
 * import { throttle, TokenBucket } from "@sluice/net/layers";
 * import { assert } from "@std/assert";
 *
 * const send = new TokenBucket({ rate: 1_000_000, burst: 65_536 });
 * await using server = await createServer(() => new Protocol(), {
 *   port: 0,
 *   layers: [throttle({ send })],
 * });
 * assert(server.isServing());
 * ```
 *
 * @param options The limit of each direction.
 * @throws {RangeError} If a rate or burst is out of range.
 */
export function throttle(options: ThrottleOptions): LayerFactory {
  checkOptions("use throttle", options, CHECKS);
  const { send, receive, clock = systemClock } = options;
  return transformLayer(() =>
    new Throttle(makeBucket(send, clock), makeBucket(receive, clock), clock)
  );
}

function makeBucket(
  limit: TokenBucket | TokenBucketOptions | undefined,
  clock: Clock,
): TokenBucket | null {
  if (limit === undefined) return null;
  return limit instanceof TokenBucket ? limit : new TokenBucket({ clock, ...limit });
}

class Throttle implements ByteTransform {
  readonly #outgoing: Pace | null;
  readonly #incoming: Pace | null;

  constructor(send: TokenBucket | null, receive: TokenBucket | null, clock: Clock) {
    this.#outgoing = send && new Pace(send, clock);
    this.#incoming = receive && new Pace(receive, clock);
  }

  encode(chunk: Bytes): Bytes | AsyncIterable<Bytes> {
    return this.#outgoing === null ? chunk : this.#outgoing.pass(chunk);
  }

  decode(chunk: Bytes): Bytes | AsyncIterable<Bytes> {
    return this.#incoming === null ? chunk : this.#incoming.pass(chunk);
  }

  close(): void {
    this.#outgoing?.stop();
    this.#incoming?.stop();
  }
}

/** Lets the bytes of one direction pass as their bucket allows. */
class Pace {
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  readonly #pieceSize: number;
  #isStopped = false;
  readonly #pause = new Pause();

  constructor(bucket: TokenBucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#pieceSize = Math.max(
      1,
      Math.floor(Math.min(bucket.burst, bucket.rate * PIECE_MS / 1000)),
    );
  }

  async *pass(chunk: Bytes): AsyncGenerator<Bytes> {
    for (let start = 0; start < chunk.length; start += this.#pieceSize) {
      const piece = chunk.subarray(start, start + this.#pieceSize);
      const wait = this.#bucket.reserve(piece.length);
      if (wait > 0) await this.#pause.wait(wait, this.#clock);
      if (this.#isStopped) return this.#bucket.refund(piece.length);
      yield piece;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#pause.end();
  }
}
