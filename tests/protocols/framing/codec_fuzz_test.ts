import { jsonLinesCodec, lengthFieldCodec, lineCodec, mapCodec } from "@sluice/net";
import {
  cobsCodec,
  contentLengthCodec,
  delimiterCodec,
  fixedLengthCodec,
  netstringCodec,
  slipCodec,
  varintLengthCodec,
  withMaxLength,
} from "@sluice/net/codecs";
import { fuzzCodec, type FuzzedCodec } from "./fuzz_codec.ts";

/** The limit of each codec here, in bytes. */
const LIMIT = 32;
const WHITE = ["\n", "\r\n", "\r", " "];
const CODECS: FuzzedCodec[] = [
  {
    name: "lineCodec()",
    make: () => lineCodec({ maxLength: LIMIT }),
    words: ["a", "word", "ž", "🌍", "longer than any", [0xff], ...WHITE],
    holds: LIMIT + 1,
  },
  {
    name: "lineCodec({ as: bytes, ending: crlf })",
    make: () => lineCodec({ maxLength: LIMIT, as: "bytes", ending: "crlf" }),
    words: ["a", "word", [0xff], ...WHITE],
    holds: LIMIT + 1,
  },
  {
    name: "lineCodec({ ending: lf, requireEnding: true })",
    make: () => lineCodec({ maxLength: LIMIT, ending: "lf", requireEnding: true }),
    words: ["a", "word", "ž", "🌍", "longer than any", ...WHITE],
    holds: LIMIT,
  },
  {
    name: "delimiterCodec({ as: text })",
    make: () => delimiterCodec(["\0", ";"], { maxLength: LIMIT, as: "text" }),
    words: ["\0", ";", "word", "ž", "longer than any"],
    holds: LIMIT,
  },
  {
    name: "delimiterCodec()",
    make: () => delimiterCodec(["--x--", ";", "-;;"], { maxLength: LIMIT }),
    words: ["--x--", "--x", "--", ";", "-;", "word"],
    holds: LIMIT + 4,
  },
  {
    name: "fixedLengthCodec()",
    make: () => fixedLengthCodec(7),
    words: ["a", "seven..", "more than seven"],
    holds: 7,
  },
  ...[
    { lengthBytes: 1 },
    { lengthBytes: 2, littleEndian: true, strip: 0 },
    { lengthBytes: 3, offset: 1, adjustment: 2, strip: 2 },
    { lengthBytes: 4, includesHeader: true },
    { lengthBytes: 8, offset: 2, littleEndian: true },
  ].map((options): FuzzedCodec => ({
    name: `lengthFieldCodec(${JSON.stringify(options)})`,
    // The literals above are all of the type that is asked for; their common type is wider.
    make: () => lengthFieldCodec({ ...options as { lengthBytes: 1 }, maxLength: LIMIT }),
    words: [
      [0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 5],
      [0, 0, 0, 9, 1, 2, 3, 4, 5],
      [7, 7, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3],
      [LIMIT + 1, 0, 0, 0],
      [255],
      "payload",
    ],
    holds: LIMIT + 10,
  })),
  {
    name: "varintLengthCodec()",
    make: () => varintLengthCodec({ maxLength: LIMIT }),
    words: [[0], [5], [LIMIT], [LIMIT + 1], [0x80], [0xff, 0x01], "payload"],
    holds: LIMIT + 10,
  },
  {
    name: "netstringCodec()",
    make: () => netstringCodec({ maxLength: LIMIT }),
    words: ["0:,", "3:abc,", "12:", "40:", "word", ",", ":", "7", "0"],
    holds: LIMIT + 17,
  },
  {
    name: "jsonLinesCodec()",
    make: () => jsonLinesCodec({ maxLength: LIMIT }),
    words: ['{"a":1}', "[1,2]", '"word"', "[", ",", "1.5", "null", "\\u00", ...WHITE, [0xff]],
    holds: LIMIT + 1,
  },
  {
    name: "contentLengthCodec()",
    make: () => contentLengthCodec({ maxLength: LIMIT, maxHeaderLength: 64 }),
    words: [
      "Content-Length: 3\r\n\r\nabc",
      "X: y\r\nContent-Length: 2\r\n\r\n{}",
      "Content-Length: 33\r\n\r\n",
      "Content-Length: ",
      "3\r\n\r\n",
      "X: y\r\n",
      [0xff],
      "\n",
    ],
    holds: 64 + 3,
  },
  {
    name: "slipCodec()",
    make: () => slipCodec({ maxLength: LIMIT }),
    words: [[0xc0], [0xdb], [0xdb, 0xdc], [0xdb, 0xdd], "word", "longer than any"],
    holds: 2 * LIMIT,
  },
  {
    name: "cobsCodec()",
    make: () => cobsCodec({ maxLength: LIMIT }),
    words: [[0], [1], [2, 7], [5], [255], "word", "longer than any"],
    holds: LIMIT + 1,
  },
  {
    name: "mapCodec()",
    make: () =>
      mapCodec(netstringCodec({ maxLength: LIMIT }), {
        decode: (bytes) => BigInt(new TextDecoder().decode(bytes)),
        encode: (value: bigint) => new TextEncoder().encode(`${value}`),
      }),
    words: ["1:1,", "3:123,", "2:-5,", "1:a,", "0:,", "12:", "40:", ",", "7"],
    holds: LIMIT + 17,
  },
  {
    name: "withMaxLength(varintLengthCodec())",
    make: () => withMaxLength(varintLengthCodec({ maxLength: Infinity }), LIMIT),
    words: [[0], [5], [LIMIT - 1], [LIMIT], [0x80], [0xff, 0x01], "payload"],
    holds: LIMIT,
  },
  {
    name: "withMaxLength(mapCodec())",
    make: () =>
      withMaxLength(
        mapCodec(lineCodec({ maxLength: Infinity }), {
          decode: (line) => ({ line }),
          encode: ({ line }: { line: string }) => line,
        }),
        LIMIT,
      ),
    words: ["1", "word", "longer than any", ...WHITE],
    holds: LIMIT,
  },
];

for (const codec of CODECS) fuzzCodec(codec);
