/** The role "codecs" with our codecs in Web streams. */
import {
  type Decoder,
  decoderStream,
  delimiterCodec,
  lengthFieldCodec,
  lineCodec,
} from "../../mod.ts";
import { countOf, type Decode, serveDecoders } from "./codecs_job.ts";

const LINE_FEED = new Uint8Array([10]);

function decodeWith(makeDecoder: () => Decoder<unknown>): Decode {
  return (chunks) => countOf(ReadableStream.from(chunks).pipeThrough(decoderStream(makeDecoder())));
}

await serveDecoders({
  lines: decodeWith(() => lineCodec()),
  length: decodeWith(() => lengthFieldCodec()),
  delimiter: decodeWith(() => delimiterCodec(LINE_FEED)),
}, true);
