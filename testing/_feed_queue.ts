import type { AnyProtocol, Bytes } from "../protocols/contract.ts";
import { InvalidStateError } from "../protocols/errors.ts";
import { isThenable } from "../protocols/thrown.ts";

/** What a {@linkcode FeedQueue} asks and tells its transport. */
export interface FeedTarget {
  /** Whether the protocol takes bytes now. */
  isReading(): boolean;
  /** Who takes them. */
  getProtocol(): AnyProtocol;
  /** All that was fed before the end is delivered: hands on the end. May throw what the protocol throws. */
  onEof(): void | Promise<void>;
  /** A callback threw. */
  onCallbackError(thrown: unknown): void;
}

interface Feed {
  /** The bytes that are left to deliver; the end of data in their place. */
  rest: Bytes | "eof";
  readonly done: PromiseWithResolvers<void>;
}

/**
 * What a test feeds to a protocol: delivered at once where the protocol takes it, in order, one chunk
 * at a time.
 */
export class FeedQueue {
  readonly #target: FeedTarget;
  #feeds: Feed[] = [];
  #isDelivering = false;
  #delivered = 0;

  /** Starts empty. */
  constructor(target: FeedTarget) {
    this.#target = target;
  }

  /** Bytes delivered so far. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Adds to the end; settles when the protocol has dealt with it. */
  push(rest: Bytes | "eof"): Promise<void> {
    const feed: Feed = { rest, done: Promise.withResolvers() };
    this.#feeds.push(feed);
    void this.deliver();
    return feed.done.promise;
  }

  /** Adds before everything else. */
  unshift(rest: Bytes | "eof"): void {
    const feed: Feed = { rest, done: Promise.withResolvers() };
    // Nobody waits for it; a failure is the transport's to tell.
    feed.done.promise.catch(() => {});
    this.#feeds.unshift(feed);
  }

  /** Forgets what is left: who waits for it waits no longer. */
  clear(): void {
    for (const feed of this.#feeds.splice(0)) feed.done.resolve();
  }

  /** Delivers while the protocol takes it. Never rejects. */
  async deliver(): Promise<void> {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let feed = this.#feeds[0]; feed && this.#target.isReading(); feed = this.#feeds[0]) {
      try {
        const settled = this.#deliverPart(feed);
        if (isThenable(settled)) await settled;
      } catch (error) {
        // Before the target clears the queue, which would settle this feed as well.
        feed.done.reject(error);
        this.#target.onCallbackError(error);
      }
      if (feed.rest.length > 0) continue;
      this.#feeds = this.#feeds.filter((other) => other !== feed);
      feed.done.resolve();
    }
    this.#isDelivering = false;
  }

  #deliverPart(feed: Feed): unknown {
    const { rest } = feed;
    feed.rest = new Uint8Array(0);
    if (rest === "eof") return this.#target.onEof();
    const protocol = this.#target.getProtocol();
    if (!("getBuffer" in protocol)) {
      this.#delivered += rest.length;
      return protocol.dataReceived?.(rest);
    }
    const buffer = protocol.getBuffer(rest.length);
    if (buffer.length === 0) {
      throw new InvalidStateError("Cannot read: getBuffer() returned an empty buffer");
    }
    const taken = Math.min(buffer.length, rest.length);
    buffer.set(rest.subarray(0, taken));
    feed.rest = rest.subarray(taken);
    this.#delivered += taken;
    return protocol.bufferUpdated?.(taken);
  }
}
