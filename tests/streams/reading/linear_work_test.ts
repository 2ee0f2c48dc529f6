import { assert, assertEquals } from "@std/assert";
import { ReceiveBuffer } from "../../../protocols/framing/receive_buffer.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { encode } from "../../support/text.ts";

/** Four times the bytes are four times the work in proportion, sixteen times if it is quadratic. */
const GROWTH = 4;
const MAX_RATIO = 1.1 * GROWTH;

type Read = (reader: StreamReader, length: number) => Promise<Uint8Array | undefined>;

/** How many bytes are searched, looked at and copied while `run` runs. */
async function workOf(run: () => Promise<void>): Promise<number> {
  let work = 0;
  const { indexOf, byteAt } = ReceiveBuffer.prototype;
  const { set, slice } = Uint8Array.prototype;
  ReceiveBuffer.prototype.indexOf = function (needle, from = 0): number {
    work += 1 + Math.max(0, this.length - from);
    return indexOf.call(this, needle, from);
  };
  ReceiveBuffer.prototype.byteAt = function (offset): ReturnType<typeof byteAt> {
    work++;
    return byteAt.call(this, offset);
  };
  Uint8Array.prototype.set = function (source, offset): void {
    work += source.length;
    set.call(this, source, offset);
  };
  Uint8Array.prototype.slice = function (start, end): Uint8Array<ArrayBuffer> {
    const result = slice.call(this, start, end);
    work += result.length;
    return result;
  };
  try {
    await run();
  } finally {
    Object.assign(ReceiveBuffer.prototype, { indexOf, byteAt });
    Object.assign(Uint8Array.prototype, { set, slice });
  }
  return work;
}

/** The work for a record that arrives in pieces, each of which the read looks at. */
function workFor(read: Read, length: number, piece: number): Promise<number> {
  return workOf(async () => {
    const reader = new StreamReader({ limit: 2 * length });
    const reading = read(reader, length);
    for (let fed = 0; fed < length; fed += piece) {
      reader.feedData(new Uint8Array(piece));
      await null;
      await null;
    }
    reader.feedData(encode("\r\n"));
    reader.feedEof();
    assertEquals((await reading)?.length, length + 2);
  });
}

const CASES: [string, number, number, Read][] = [
  ["readline() in pieces of 1 byte", 65_536, 1, (reader) => reader.readline()],
  ["readline() in pieces of 1 KiB", 16_777_216, 1024, (reader) => reader.readline()],
  [
    "readuntil() of three separators in pieces of 1 byte",
    32_768,
    1,
    (reader) => reader.readuntil(["\r\n", "\n\n", "\r\r"]),
  ],
  ["readuntil() repeated after each abort", 16_384, 1, untilAborted],
  [
    "readexactly() in pieces of 1 byte",
    65_536,
    1,
    (reader, length) => reader.readexactly(length + 2),
  ],
  ["read() in pieces of 1 byte", 65_536, 1, (reader) => reader.read()],
  ["a BYOB read with min in pieces of 1 byte", 65_536, 1, async ({ readable }, length) => {
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
  Deno.test(`StreamReader does work in proportion to the bytes: ${name}`, async () => {
    const less = await workFor(read, length / GROWTH, piece);
    const more = await workFor(read, length, piece);
    assert(less >= length / GROWTH, `only ${less} bytes were counted`);
    assert(more <= MAX_RATIO * less, `${more} bytes for ${GROWTH} times what took ${less}`);
  });
}
