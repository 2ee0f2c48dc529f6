import { CommandCodec } from "../../../examples/redis/command_codec.ts";
import { RespCodec } from "../../../examples/redis/resp.ts";
import { fuzzCodec } from "../../protocols/framing/fuzz_codec.ts";

const MARKS = ["+", "-", ":", ",", "#", "(", "_", "$", "!", "=", ";", "*", "~", ">", "%", "|", "."];

fuzzCodec({
  name: "RespCodec",
  make: () => new RespCodec({ version: 3, maxLength: 60 }),
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
fuzzCodec({
  name: "CommandCodec",
  make: () => new CommandCodec(),
  words: [
    ...["*1\r\n", "*2\r\n", "*0\r\n", "*-1\r\n", "*x\r\n", "$3\r\nabc\r\n", "$0\r\n\r\n"],
    ...["PING\r\n", "GET 'a b'\n", 'GET "\\x41"\r\n', "\r\n", "\n", '"'],
    [0xff],
  ],
  // A line of the longest length.
  holds: 65_536,
});
