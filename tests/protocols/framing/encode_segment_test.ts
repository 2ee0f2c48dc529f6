import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { type Codec, FramedProtocol, memoryTransportPair } from "../../../mod.ts";
import { type EncodeSegment, NEED_MORE } from "../../../protocols/framing/codec.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";

/** Numbers of `size` equal bytes, in memory of the segment. */
class NumberCodec implements Codec<number> {
  readonly memories: ArrayBufferLike[] = [];
  readonly #size: number;
  readonly #onEncode: (value: number) => void;

  constructor(size: number, onEncode: (value: number) => void = () => {}) {
    this.#size = size;
    this.#onEncode = onEncode;
  }

  decode(): typeof NEED_MORE {
    return NEED_MORE;
  }

  encode(value: number, segment?: EncodeSegment): Uint8Array {
    assert(segment !== undefined, "encode() was given no segment");
    const bytes = segment.take(this.#size).fill(value);
    this.memories.push(bytes.buffer);
    this.#onEncode(value);
    return bytes;
  }
}

async function sent(
  codec: Codec<number>,
  send: (protocol: FramedProtocol<number>) => void,
): Promise<number[]> {
  const [a, b] = await memoryTransportPair(
    () => new FramedProtocol(codec),
    () => new RecordingProtocol(),
  );
  send(a.protocol);
  a.transport.close();
  await b.transport.closed;
  return [...new Set(b.protocol.received)];
}

Deno.test("FramedProtocol.send() has each message encoded into the same memory", async () => {
  const codec = new NumberCodec(4);
  assertEquals(
    await sent(codec, (protocol) => {
      protocol.send(1);
      protocol.send(2);
    }),
    [1, 2],
  );
  assertStrictEquals(codec.memories[0], codec.memories[1]);
});

Deno.test("FramedProtocol.send() keeps a message while its encoder sends another one", async () => {
  let inner: FramedProtocol<number> | null = null;
  const codec = new NumberCodec(4, (value) => value === 1 && inner?.send(2));
  assertEquals(
    await sent(codec, (protocol) => {
      inner = protocol;
      protocol.send(1);
    }),
    [2, 1],
  );
});

Deno.test("FramedProtocol.send() gives a message that is too long for the segment its own memory", async () => {
  const codec = new NumberCodec(100_000);
  assertEquals(
    await sent(codec, (protocol) => {
      protocol.send(1);
      protocol.send(2);
    }),
    [1, 2],
  );
  assertNotStrictEquals(codec.memories[0], codec.memories[1]);
});

Deno.test("FramedProtocol.send() uses the memory again after an encoder that threw", async () => {
  const codec = new NumberCodec(5000, (value) => {
    if (value === 0) throw new TypeError("no zero");
  });
  assertEquals(
    await sent(codec, (protocol) => {
      for (let i = 0; i < 10; i++) {
        let error: unknown = null;
        try {
          protocol.send(0);
        } catch (thrown) {
          error = thrown;
        }
        assert(error instanceof TypeError);
      }
      protocol.send(1);
    }),
    [1],
  );
  assertEquals(new Set(codec.memories).size, 1);
});
