import { RespCodec } from "../../../examples/redis/resp.ts";
import { fuzzCodec } from "../../protocols/fuzz_codec.ts";

const MARKS = ["+", "-", ":", ",", "#", "(", "_", "$", "!", "=", ";", "*", "~", ">", "%", "|", "."];

for (const inline of [false, true]) {
  fuzzCodec({
    name: `RespCodec({ inline: ${inline} })`,
    make: () => new RespCodec({ version: 3, maxLength: 60, inline }),
    words: [
      ...MARKS.flatMap((mark) => [`${mark}2\r\n`, `${mark}1\r\n`, `${mark}?\r\n`]),
      "$3\r\nabc\r\n",
      "=5\r\ntxt:a\r\n",
      ":12345\r\n",
      "#t\r\n",
      ",1.5\r\n",
      ";0\r\n",
      ".\r\n",
      "\r\n",
      [0xff],
    ],
    // A line, or a string with its length before it.
    holds: 60,
  });
}
