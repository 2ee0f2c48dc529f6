/** The role "codecs" with our codecs, driven by hand as a protocol drives them. */
import {
  type Decoder,
  delimiterCodec,
  FrameReader,
  lengthFieldCodec,
  lineCodec,
  NEED_MORE,
} from "../../mod.ts";
import { type Decode, serveDecoders } from "./codecs_job.ts";

const LINE_FEED = new Uint8Array([10]);

function decodeWith(makeDecoder: () => Decoder<unknown>): Decode {
  return (chunks) => {
    const reader = new FrameReader(makeDecoder());
    let count = 0;
    for (const chunk of chunks) {
      reader.feedData(chunk);
      while (reader.next() !== NEED_MORE) count++;
    }
    return Promise.resolve(count);
  };
}

await serveDecoders({
  lines: decodeWith(() => lineCodec()),
  length: decodeWith(() => lengthFieldCodec()),
  delimiter: decodeWith(() => delimiterCodec(LINE_FEED)),
}, true);
