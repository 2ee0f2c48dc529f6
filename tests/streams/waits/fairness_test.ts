import { assert, assertEquals, assertRejects } from "@std/assert";
import { lineCodec } from "../../../protocols/codecs/line_codec.ts";
import { FramedProtocol } from "../../../protocols/framing/framed_protocol.ts";
import { decoderStream } from "../../../streams/framing/decoder_stream.ts";
import { framed } from "../../../streams/framing/framed_connection.ts";
import { relay } from "../../../streams/relay.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { Acceptor } from "../../../transports/servers/_acceptor.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import { SlowSteps } from "../../support/time/slow_steps.ts";
import { connectPair, type PairOptions } from "../../support/pairs/stream_pair.ts";
import { encode } from "../../support/text.ts";

const MESSAGES = 4000;
const LINES = "x\n".repeat(MESSAGES);

/**
 * Counts what a loop does, until a timer and an immediate callback that were set before have had
 * their turn.
 */
class Watch implements Disposable {
  readonly #slow = new SlowSteps();
  #steps = 0;
  #untilTimer: number | null = null;
  #untilImmediate: number | null = null;

  constructor() {
    setTimeout(() => void (this.#untilTimer = this.#steps), 0);
    setImmediate(() => void (this.#untilImmediate = this.#steps));
  }

  step(): void {
    this.#steps++;
  }

  /** The loop is over; the others had a turn before. */
  assertFair(steps = MESSAGES): void {
    assertEquals(this.#steps, steps);
    assert((this.#untilImmediate ?? steps) < steps / 4, `immediate: ${this.#untilImmediate}`);
    assert((this.#untilTimer ?? steps) < steps, `timer: ${this.#untilTimer}`);
  }

  [Symbol.dispose](): void {
    this.#slow[Symbol.dispose]();
  }
}

function fullReader(text = LINES): StreamReader {
  const reader = new StreamReader();
  reader.feedData(encode(text));
  reader.feedEof();
  return reader;
}

const READS: Record<string, (reader: StreamReader, watch: Watch) => Promise<void>> = {
  "for await": async (reader, watch) => {
    for await (const _line of reader) watch.step();
  },
  "lines()": async (reader, watch) => {
    for await (const _line of reader.lines()) watch.step();
  },
  "readline()": async (reader, watch) => {
    while ((await reader.readline()).length > 0) watch.step();
  },
  "readuntil()": async (reader, watch) => {
    for (let i = 0; i < MESSAGES; i++) {
      await reader.readuntil("\n");
      watch.step();
    }
  },
  "readexactly()": async (reader, watch) => {
    for (let i = 0; i < MESSAGES; i++) {
      await reader.readexactly(2);
      watch.step();
    }
  },
  "read()": async (reader, watch) => {
    while ((await reader.read(2)).length > 0) watch.step();
  },
  "readable": async ({ readable }, watch) => {
    const reader = readable.getReader({ mode: "byob" });
    for (;;) {
      const { done } = await reader.read(new Uint8Array(2));
      if (done) return;
      watch.step();
    }
  },
};

for (const [name, read] of Object.entries(READS)) {
  Deno.test(`StreamReader gives others a turn while ${name} reads buffered bytes`, async () => {
    const reader = fullReader();
    using watch = new Watch();
    await read(reader, watch);
    watch.assertFair();
  });
}

Deno.test("StreamReader loses nothing to a read that is aborted while it rests", async () => {
  using _slow = new SlowSteps();
  const reader = fullReader("x\n".repeat(40));
  let aborted = 0;
  let lines = 0;
  while (lines < 40) {
    const controller = new AbortController();
    const reading = reader.readline({ signal: controller.signal });
    for (let i = 0; i < 6; i++) await null;
    controller.abort();
    await reading.then(() => lines++, () => aborted++);
  }
  assert(aborted > 0);
  assertEquals(reader.atEof(), true);
});

Deno.test("StreamReader refuses a second read while the first one rests", async () => {
  using _slow = new SlowSteps();
  const reader = fullReader();
  for (let i = 0; i < 20; i++) {
    const first = reader.readline();
    // Either the first was served at once, or it rests.
    const isServed = await Promise.race([first.then(() => true), afterMicrotasks()]);
    if (isServed) continue;
    await assertRejects(() => reader.readline(), Error, "another read is already waiting");
    await first;
    return;
  }
  throw new Error("no read rested");
});

async function afterMicrotasks(): Promise<boolean> {
  for (let i = 0; i < 6; i++) await null;
  return false;
}

/** Sends all lines from one end of a connection, and lets `receive` take them at the other. */
async function flood(
  receive: (pair: Awaited<ReturnType<typeof connectPair>>, watch: Watch) => Promise<void>,
  options: PairOptions = {},
): Promise<void> {
  await using pair = await connectPair("memory", options);
  pair.a.writer.write(LINES);
  pair.a.writer.writeEof();
  using watch = new Watch();
  await receive(pair, watch);
  watch.assertFair();
}

Deno.test("framed() gives others a turn while messages are received", () =>
  flood(async ({ b }, watch) => {
    for await (const _message of framed(b, lineCodec())) watch.step();
  }));

Deno.test("framed().readable gives others a turn while messages are read", () =>
  flood(async ({ b }, watch) => {
    for await (const _message of framed(b, lineCodec()).readable) watch.step();
  }));

Deno.test("decoderStream() gives others a turn while it decodes a chunk", () =>
  flood(async ({ b }, watch) => {
    const messages = b.readable.pipeThrough(decoderStream(lineCodec()));
    for await (const _message of messages) watch.step();
  }));

Deno.test("A transform layer gives others a turn while pieces come out of a chunk", () => {
  const cut = async function* (chunk: Bytes): AsyncGenerator<Bytes> {
    for (let start = 0; start < chunk.length; start += 2) yield chunk.slice(start, start + 2);
  };
  const layer = transformLayer(() => ({ encode: (chunk) => chunk, decode: cut }));
  return flood(async ({ b }, watch) => {
    for await (const _line of b.reader) watch.step();
  }, { layers: [layer] });
});

Deno.test("A transform layer gives others a turn while a chunk becomes many pieces to send", () => {
  const cut = async function* (chunk: Bytes): AsyncGenerator<Bytes> {
    for (let start = 0; start < chunk.length; start += 2) yield chunk.slice(start, start + 2);
  };
  const layer = transformLayer(() => ({ encode: cut, decode: (chunk) => chunk }));
  return flood(async ({ b }, watch) => {
    for await (const _line of b.reader) watch.step();
  }, { layers: [layer] });
});

for (const waits of [false, true]) {
  Deno.test(`FramedProtocol gives others a turn, drain ${waits}`, async () => {
    const ended = Promise.withResolvers<void>();
    using watch = new Watch();
    class Receiver extends FramedProtocol<string> {
      override messageReceived(): void | Promise<void> {
        watch.step();
        if (waits) return this.drain();
      }
      override endReceived(): void {
        ended.resolve();
      }
    }
    const [a, b] = await memoryTransportPair(() => ({}), () => new Receiver(lineCodec()));
    a.transport.write(LINES);
    a.transport.writeEof();
    await ended.promise;
    watch.assertFair();
    a.transport.abort();
    b.transport.abort();
    await Promise.all([a.transport.closed, b.transport.closed]);
  });
}

Deno.test("A transport gives others a turn while a source has chunks ready", async () => {
  using watch = new Watch();
  const chunks = async function* (): AsyncGenerator<Bytes> {
    for (let i = 0; i < MESSAGES; i++) yield new Uint8Array([i % 256]);
  };
  const carrier: Carrier = {
    source: chunks(),
    write: (bytes) => bytes.length,
    close: () => {},
    getExtraInfo: () => undefined,
  };
  const { transport } = await connectCarrier(() => ({ dataReceived: () => watch.step() }), carrier);
  await transport.closed;
  watch.assertFair();
});

Deno.test("A transport gives others a turn while it sends its queue piece by piece", async () => {
  using watch = new Watch();
  const carrier: Carrier = {
    source: { next: () => new Promise(() => {}) },
    write: () => {
      watch.step();
      return 1;
    },
    close: () => {},
    getExtraInfo: () => undefined,
  };
  const { transport } = await connectCarrier(() => ({}), carrier);
  transport.write(new Uint8Array(MESSAGES));
  transport.close();
  await transport.closed;
  watch.assertFair();
});

Deno.test("drain() gives others a turn while the peer takes everything at once", async () => {
  await using pair = await connectPair();
  using watch = new Watch();
  for (let i = 0; i < MESSAGES; i++) {
    watch.step();
    pair.a.writer.write("x");
    await pair.a.writer.drain();
  }
  watch.assertFair();
});

Deno.test("relay() gives others a turn while both sides are fast", async () => {
  await using left = await connectPair();
  await using right = await connectPair();
  const relaying = relay(left.b, right.a);
  using watch = new Watch();
  const receiving = (async () => {
    let received = 0;
    for (;;) {
      const chunk = await right.b.reader.read(65_536);
      if (chunk.length === 0) return received;
      received += chunk.length;
    }
  })();
  for (let i = 0; i < MESSAGES; i++) {
    watch.step();
    left.a.writer.write(new Uint8Array(1000));
    await left.a.writer.drain();
  }
  left.a.writer.writeEof();
  right.b.writer.writeEof();
  assertEquals(await receiving, 1000 * MESSAGES);
  await relaying;
  watch.assertFair();
});

Deno.test("Acceptor gives others a turn while connections are ready", async () => {
  using watch = new Watch();
  let left = MESSAGES;
  const acceptor: Acceptor<number> = new Acceptor({
    accept: () => Promise.resolve(left--),
    close: () => {},
  }, {
    room: () => {},
    onAccept: () => {
      watch.step();
      if (left === 0) acceptor.stop();
    },
    onAcceptError: () => {},
  });
  await acceptor.run();
  watch.assertFair();
});
