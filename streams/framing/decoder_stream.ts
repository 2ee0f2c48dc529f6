import { type Decoder, NEED_MORE } from "../../protocols/framing/codec.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { FrameError } from "../../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { FrameReader } from "../../protocols/framing/frame_reader.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { tellBadMessages } from "./bad_messages.ts";

/** Options for {@linkcode decoderStream}: how it treats bad messages. */
export interface DecoderStreamOptions {
  /**
   * Gets the error of a malformed message that was skipped. Without it such a message ends the
   * stream with the error.
   */
  readonly onBadMessage?: (error: FrameError) => unknown;
}

const CHECKS: OptionTable<DecoderStreamOptions> = {
  onBadMessage: check.functionLike("(error) => …"),
};

/**
 * A Web transform stream from bytes to messages: for a file, a response's body, a process's output.
 *
 * @example Lines of a response
 * ```ts
 * import { decoderStream, lineCodec } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const response = new Response("one\r\ntwo\nlast");
 * const lines = await Array.fromAsync(response.body!.pipeThrough(decoderStream(lineCodec())));
 * assertEquals(lines, ["one", "two", "last"]);
 * ```
 *
 * @typeParam In What a message is.
 * @param decoder A codec, or the decoding half of one; for this stream alone.
 * @param options What to do with bad messages.
 * @returns The stream. It fails with a {@linkcode FrameError} if a message is bad or the data ends
 * inside one, after the messages before it, however the bytes were cut.
 */
export function decoderStream<In>(
  decoder: Decoder<In>,
  options: DecoderStreamOptions = {},
): TransformStream<Bytes, In> {
  checkOptions("decode", options, CHECKS);
  return new MessageDecoder(decoder, options.onBadMessage);
}

/**
 * Two streams with a {@linkcode FrameReader} between them.
 *
 * ```text
 * writable -> feed -> frames -> pull -> readable
 * ```
 *
 * A `TransformStream` drops what it has queued when it fails, so the messages before a bad one
 * would depend on how the bytes were cut. Here a failure waits until everything before it was read.
 */
class MessageDecoder<In> implements TransformStream<Bytes, In> {
  readonly readable: ReadableStream<In>;
  readonly writable: WritableStream<Bytes>;
  readonly #frames: FrameReader<In>;
  readonly #onBadMessage: ((error: FrameError) => void) | undefined;
  readonly #input: WritableStreamDefaultController;
  readonly #output: ReadableStreamDefaultController<In>;
  // The write, or the end, whose messages were not all passed on yet.
  #fed: PromiseWithResolvers<void> | null = null;
  #onFed: (() => void) | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(decoder: Decoder<In>, onBadMessage: DecoderStreamOptions["onBadMessage"]) {
    this.#frames = new FrameReader(decoder);
    this.#onBadMessage = tellBadMessages(onBadMessage, (thrown) => this.#fail(thrown));
    // Filled in by start(), which is called before the constructors return.
    const made = {} as {
      input: WritableStreamDefaultController;
      output: ReadableStreamDefaultController<In>;
    };
    this.readable = new ReadableStream<In>({
      start: (controller) => void (made.output = controller),
      pull: () => this.#pull(),
      cancel: (reason) => this.#cancel(reason),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream<Bytes>({
      start: (controller) => void (made.input = controller),
      write: (chunk) => this.#feed(() => this.#frames.feedData(chunk)),
      close: () => this.#feed(() => this.#frames.feedEof()),
    });
    this.#input = made.input;
    this.#output = made.output;
    // At once: a write that waits for a reader would hold back the stream's own callback.
    made.input.signal.addEventListener("abort", () => {
      made.output.error(made.input.signal.reason);
      this.#settle();
    });
  }

  #feed(feed: () => void): Promise<void> {
    try {
      feed();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#fed = Promise.withResolvers();
    this.#onFed?.();
    return this.#fed.promise;
  }

  /** Called when a reader waits and nothing is queued. */
  async #pull(): Promise<void> {
    while (this.#fed !== null || await this.#untilFed()) {
      if (this.#failure !== null) throw this.#fail(this.#failure.error);
      if (await this.#passOn()) return;
    }
  }

  /** Resolves to whether to go on: not if the reader has gone. */
  async #untilFed(): Promise<boolean> {
    if (this.#failure !== null) return true;
    await new Promise<void>((resolve) => this.#onFed = resolve);
    this.#onFed = null;
    return this.#fed !== null;
  }

  /** Queues the messages that are there; says whether there were any, or the end. */
  async #passOn(): Promise<boolean> {
    let count = 0;
    try {
      for (;; count++) {
        if (turnBudget.spend()) await turnBudget.untilRenewed();
        const message = this.#frames.nextUsable(this.#onBadMessage);
        if (message === NEED_MORE) break;
        this.#output.enqueue(message);
      }
    } catch (error) {
      // Told at the next pull, when the messages before it were read.
      this.#failure ??= { error };
      return count > 0;
    }
    const { isDone } = this.#frames;
    if (isDone) this.#output.close();
    this.#settle();
    return isDone || count > 0;
  }

  /** Ends both streams with an error. */
  #fail(error: unknown): unknown {
    this.#failure ??= { error };
    this.#output.error(error);
    this.#input.error(error);
    this.#fed?.reject(error);
    this.#fed = null;
    this.#onFed?.();
    return error;
  }

  #cancel(reason: unknown): void {
    this.#input.error(reason);
    this.#settle();
    this.#onFed?.();
  }

  #settle(): void {
    this.#fed?.resolve();
    this.#fed = null;
  }
}
