import { assertEquals, AssertionError } from "@std/assert";
import { StreamReader } from "../../streams/stream_reader.ts";
import { encode } from "../support/text.ts";

/** Four times the bytes take four times as long where that is in proportion, sixteen times where it is quadratic. */
const GROWTH = 4;
const MOST = 8;
/** A busy machine spoils one measurement, but not all of them. */
const TRIES = 5;
/** The length of the line that comes byte by byte: `READLINE_BYTES=67108864` makes it as long as that in larger pieces. */
const READLINE_BYTES = readLength(Deno.env.get("READLINE_BYTES") ?? "1048576");

function readLength(text: string): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) % GROWTH === 0) return Number(text);
  throw new TypeError(`Cannot read READLINE_BYTES=${text} bytes: not a multiple of ${GROWTH}`);
}

type Read = (reader: StreamReader, length: number) => Promise<Uint8Array | undefined>;

/** How long a record takes that arrives in pieces, each of which the read looks at, in milliseconds. */
async function timeOf(read: Read, length: number, piece: number): Promise<number> {
  const reader = new StreamReader({ limit: 2 * length });
  const start = performance.now();
  const reading = read(reader, length);
  for (let fed = 0; fed < length; fed += piece) {
    reader.feedData(new Uint8Array(piece));
    await null;
    await null;
  }
  reader.feedData(encode("\r\n"));
  reader.feedEof();
  assertEquals((await reading)?.length, length + 2);
  return performance.now() - start;
}

const CASES: [string, number, number, Read][] = [
  ["readline() in pieces of 1 byte", READLINE_BYTES, 1, (reader) => reader.readline()],
  ["readline() in pieces of 1 KiB", 67_108_864, 1024, (reader) => reader.readline()],
  [
    "readuntil() of three separators in pieces of 1 byte",
    131_072,
    1,
    (reader) => reader.readuntil(["\r\n", "\n\n", "\r\r"]),
  ],
  ["readuntil() repeated after each abort", 16_384, 1, untilAborted],
  [
    "readexactly() in pieces of 1 byte",
    262_144,
    1,
    (reader, length) => reader.readexactly(length + 2),
  ],
  ["read() in pieces of 1 byte", 262_144, 1, (reader) => reader.read()],
  ["a BYOB read with min in pieces of 1 byte", 262_144, 1, async ({ readable }, length) => {
    const view = new Uint8Array(length + 2);
    const { value } = await readable.getReader({ mode: "byob" }).read(view, { min: view.length });
    return value;
  }],
];

/** Gives its read up after each piece and tries again. */
async function untilAborted(reader: StreamReader): Promise<Uint8Array> {
  for (;;) {
    const controller = new AbortController();
    const reading = reader.readuntil(["\r\n", "\n\n"], {
      signal: controller.signal,
    });
    const record = await Promise.race([reading.catch(() => null), afterMicrotasks()]);
    if (record) return record;
    controller.abort();
    const late = await reading.catch(() => null);
    if (late) return late;
  }
}

async function afterMicrotasks(): Promise<null> {
  for (let i = 0; i < 6; i++) await null;
  return null;
}

for (const [name, length, piece, read] of CASES) {
  Deno.test(`StreamReader takes time in proportion: ${name}`, async () => {
    const ratios: number[] = [];
    while (ratios.length < TRIES) {
      const small = await timeOf(read, length / GROWTH, piece);
      const ratio = await timeOf(read, length, piece) / small;
      if (ratio < MOST) return;
      ratios.push(Math.round(ratio));
    }
    throw new AssertionError(`${GROWTH} times the bytes took ${ratios} times as long`);
  });
}
