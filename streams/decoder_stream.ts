import { type Decoder, NEED_MORE } from "../protocols/codec.ts";
import type { Bytes } from "../protocols/contract.ts";
import { FrameError } from "../protocols/errors.ts";
import { checkOptions, functionLike, type OptionTable } from "../protocols/option_checks.ts";
import { FrameReader } from "../protocols/frame_reader.ts";
import { isThenable } from "../protocols/thrown.ts";
import { turnBudget } from "../protocols/turn_budget.ts";

/** What {@linkcode decoderStream} does with bad messages. */
export interface DecoderStreamOptions {
  /**
   * Told of a message that cannot be used and was passed over. Without it such a message ends the
   * stream with the error.
   */
  readonly onBadMessage?: (error: FrameError) => unknown;
}

const CHECKS: OptionTable<DecoderStreamOptions> = { onBadMessage: functionLike("(error) => …") };

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
 * inside one.
 */
export function decoderStream<In>(
  decoder: Decoder<In>,
  options: DecoderStreamOptions = {},
): TransformStream<Bytes, In> {
  checkOptions("decode", options, CHECKS);
  const { onBadMessage } = options;
  const frames = new FrameReader(decoder);
  const deliver = async (controller: TransformStreamDefaultController<In>): Promise<void> => {
    for (;;) {
      if (turnBudget.spend()) await turnBudget.untilRenewed();
      try {
        const message = frames.next();
        if (message === NEED_MORE) return;
        controller.enqueue(message);
      } catch (error) {
        const goesOn = error instanceof FrameError && error.recoverable && !frames.isDone;
        if (!goesOn || onBadMessage === undefined) throw error;
        const answer = onBadMessage(error);
        // A rejection fails the stream, as an exception does.
        if (isThenable(answer)) Promise.resolve(answer).catch((e) => controller.error(e));
      }
    }
  };
  return new TransformStream<Bytes, In>({
    transform(chunk, controller): Promise<void> {
      frames.feedData(chunk);
      return deliver(controller);
    },
    flush(controller): Promise<void> {
      frames.feedEof();
      return deliver(controller);
    },
  });
}
