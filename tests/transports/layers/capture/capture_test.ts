import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import { CaptureFormatError, CaptureOverflowError } from "../../../../protocols/errors.ts";
import { Random } from "../../../../testing/conformance/random.ts";
import { turns } from "../../../../testing/conformance/scene.ts";
import { type CapturedConnection, readCapture } from "../../../../testing/capture/read_capture.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { replayCapture } from "../../../../testing/capture/replay_capture.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { Capture, type CaptureOptions } from "../../../../transports/layers/capture/capture.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import type { LayerFactory } from "../../../../transports/core/transport_options.ts";
import { hasProgram } from "../../../support/peers/outside_peer.ts";
import { localhost, trusting } from "../../../support/certificates/certificates.ts";

const HAS_TSHARK = hasProgram("tshark", ["--version"]);

/** A capture that is kept in memory. */
class Kept implements AsyncDisposable {
  readonly errors: Error[] = [];
  readonly capture: Capture;
  readonly #pieces: Bytes[] = [];

  constructor(options: CaptureOptions = {}) {
    this.capture = new Capture((bytes) => void this.#pieces.push(bytes), {
      onError: (error) => void this.errors.push(error),
      ...options,
    });
  }

  async file(): Promise<Bytes> {
    await this.capture.close();
    return await new Blob(this.#pieces).bytes();
  }

  async connections(): Promise<CapturedConnection[]> {
    return readCapture(await this.file());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.capture.close();
  }
}

/** Answers what it gets, in reverse order. */
class Reverse {
  #transport: Transport | null = null;

  connectionMade(transport: Transport): void {
    // No pause of writing: when one is told depends on the sizes of the chunks.
    transport.setWriteBufferLimits({ high: 1_000_000 });
    this.#transport = transport;
  }

  dataReceived(chunk: Bytes): void {
    this.#transport?.write(chunk.toReversed());
  }
}

/** A layer of the first connection that is made; further ones have none. */
function onlyFirst(layer: LayerFactory): LayerFactory {
  let isFirst = true;
  return (upper, options) => {
    if (!isFirst) return upper;
    isFirst = false;
    return layer(upper, options);
  };
}

/**
 * Has clients exchange data with a server that is captured; gives what each client sent and
 * received.
 */
async function exchange(
  capture: Capture,
  hostname: string,
  payloads: readonly Bytes[],
): Promise<{ readonly sent: Bytes; readonly received: Bytes }[]> {
  await using server = await createServer(() => new Reverse(), {
    hostname,
    port: 0,
    layers: [capture.layer],
  });
  const done = payloads.map(async (sent) => {
    const { transport, protocol } = await createConnection(() => new RecordingProtocol(), {
      hostname,
      port: server.port,
    });
    transport.write(sent);
    await protocol.untilReceived(sent.length);
    transport.close();
    await transport.closed;
    return { sent, received: protocol.received };
  });
  const results = await Promise.all(done);
  await server.shutdown();
  return results;
}

async function tshark(file: Bytes, args: readonly string[]): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "sluice-", suffix: ".pcapng" });
  try {
    await Deno.writeFile(path, file);
    const { success, stdout, stderr } = await new Deno.Command("tshark", {
      // The bytes are of no protocol, with any number that the system has chosen for the port.
      args: ["-r", path, "-d", "tcp.port==1-65535,data", ...args],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(path);
  }
}

/**
 * The findings of tshark: all but its remarks about ordinary handshakes and ends, and checksums
 * left
 * to the card.
 */
async function findings(file: Bytes): Promise<string[]> {
  const fields = ["frame.number", "frame.len", "_ws.expert.message"];
  const text = await tshark(file, [
    ...["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"],
    ...["-T", "fields", ...fields.flatMap((field) => ["-e", field])],
  ]);
  const ordinary = /^(Connection (establish|finish)|This frame (initiates|undergoes))/;
  // Older releases know nothing of such checksums.
  const ofLong = /^(Partial|Bad checksum)/;
  return text.trimEnd().split("\n").flatMap((line) => {
    const [number, length, messages = ""] = line.split("\t");
    return messages.split(",")
      .filter((one) => one !== "" && !ordinary.test(one))
      .filter((one) => !(Number(length) > 9000 && ofLong.test(one)))
      .map((one) => `${number}: ${one}`);
  });
}

/**
 * Both directions of a stream as "Follow TCP stream" shows them: of the end that began it, and of
 * the other one.
 */
async function follow(file: Bytes, stream: number): Promise<[Bytes, Bytes]> {
  const text = await tshark(file, ["-q", "-z", `follow,tcp,raw,${stream}`]);
  const lines = text.split("\n").filter((line) => /^\t?[0-9a-f]+$/.test(line));
  const bytesOf = (some: readonly string[]) =>
    Uint8Array.fromHex(some.join("").replaceAll("\t", ""));
  return [
    bytesOf(lines.filter((line) => !line.startsWith("\t"))),
    bytesOf(lines.filter((line) => line.startsWith("\t"))),
  ];
}

async function assertTsharkReads(
  file: Bytes,
  results: readonly { readonly sent: Bytes; readonly received: Bytes }[],
): Promise<void> {
  assertEquals(await findings(file), []);
  const left = [...results];
  for (let stream = 0; stream < results.length; stream++) {
    const [there, back] = await follow(file, stream);
    const index = left.findIndex(({ sent }) => isSame(sent, there));
    const [result] = left.splice(index, 1);
    assert(index !== -1 && result !== undefined, `stream ${stream} was not sent by anybody`);
    assert(isSame(result.received, back), `stream ${stream}: the answer differs`);
  }
}

function isSame(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function indexOf(bytes: Bytes, part: Bytes): number {
  return bytes.findIndex((_, at) => part.every((byte, index) => byte === bytes[at + index]));
}

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `Capture of several connections over ${hostname} is read by tshark without a warning`,
    ignore: !HAS_TSHARK,
    async fn(): Promise<void> {
      const random = new Random(7);
      // Which port is the higher one is chance here.
      const kept = new Kept({ initiator: "peer" });
      const sizes = [1, 1460, 8939, 8940, 8941, 64_999, 65_001, 300_000, 17];
      const payloads = sizes.map((size) => random.bytes(size));
      const results = await exchange(kept.capture, hostname, payloads);
      const file = await kept.file();
      assertEquals(kept.errors, []);
      await assertTsharkReads(file, results);
      // It complains about a changed byte of the shortest payload, and of the longest one with a
      // checksum.
      for (const payload of payloads.filter(({ length }) => length === 17 || length === 8940)) {
        const broken = file.slice();
        const at = indexOf(broken, payload.subarray(-16)) + 15;
        broken[at] = (broken[at] ?? 0) ^ 1;
        assert((await findings(broken)).some((one) => one.includes("Bad checksum")));
      }
    },
  });
}

Deno.test({
  name: "Capture of a big transfer whose sequence numbers pass 2^32 is read by tshark",
  ignore: !HAS_TSHARK,
  async fn(): Promise<void> {
    const kept = new Kept({ initiator: "peer", initialSequence: 2 ** 32 - 1_000_000 });
    const results = await exchange(kept.capture, "127.0.0.1", [new Random(8).bytes(6_000_000)]);
    await assertTsharkReads(await kept.file(), results);
  },
});

Deno.test({
  name: "Capture of abort() ends with RST, and of an orderly end with FIN both ways, for tshark",
  ignore: !HAS_TSHARK,
  async fn(): Promise<void> {
    const flagsOf = async (end: "close" | "abort"): Promise<string[]> => {
      const kept = new Kept();
      const [a, b] = await memoryTransportPair(() => ({}), () => ({}), {
        layers: [onlyFirst(kept.capture.layer)],
      });
      a.transport.write("x");
      a.transport[end]();
      await Promise.all([a.transport.closed, b.transport.closed]);
      const text = await tshark(await kept.file(), ["-T", "fields", "-e", "tcp.flags.str"]);
      return text.trim().split("\n").map((line) => line.replaceAll("·", ""));
    };
    assertEquals(await flagsOf("close"), ["S", "AS", "A", "AP", "AF", "AF", "A"]);
    assertEquals(await flagsOf("abort"), ["S", "AS", "A", "AP", "AR"]);
  },
});

Deno.test("Capture keeps the chunks, their directions and the names of ends without addresses", async () => {
  await using kept = new Kept();
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol(), {
    names: ["left", "right"],
    layers: [kept.capture.layer],
  });
  a.transport.writelines(["one", "and two"]);
  a.transport.write(new Uint8Array(200_000));
  await b.protocol.untilReceived(200_010);
  b.transport.write("three");
  b.transport.close();
  await Promise.all([a.transport.closed, b.transport.closed]);
  const [left, right] = await kept.connections();
  assert(left !== undefined && right !== undefined);
  assertEquals(left.comment, "memory:left <-> memory:right");
  assertEquals(left.local.hostname, "127.0.1.1");
  const sizes = left.chunks.map(({ direction, bytes }) => [direction, bytes.length]);
  assertEquals(sizes, [["sent", 3], ["sent", 7], ["sent", 200_000], ["received", 5]]);
  const received = right.chunks.filter(({ direction }) => direction === "received");
  assertEquals(received.length, b.protocol.count("dataReceived"));
  assertEquals(left.ended, { received: true, sent: true });
  assertEquals([left.isReset, right.isReset], [false, false]);
});

Deno.test("Capture above TLS shows clear text", async () => {
  await using kept = new Kept();
  const protocol = new RecordingProtocol();
  const [a, b] = await memoryTransportPair(() => ({}), () => protocol, {
    tls: [trusting, localhost],
    layers: [onlyFirst(kept.capture.layer)],
  });
  a.transport.write("in the clear");
  await protocol.untilReceived(12);
  a.transport.close();
  await Promise.all([a.transport.closed, b.transport.closed]);
  const [connection] = await kept.connections();
  const texts = connection?.chunks.map(({ bytes }) => new TextDecoder().decode(bytes));
  assertEquals(texts, ["in the clear"]);
});

Deno.test("Capture reports a sink that fails once, and the connection goes on", async () => {
  const errors: Error[] = [];
  const failure = new Error("The disk is full");
  const capture = new Capture(() => Promise.reject(failure), {
    onError: (error) => void errors.push(error),
  });
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol(), {
    layers: [capture.layer],
  });
  for (let i = 0; i < 3; i++) {
    a.transport.write("still there");
    await b.protocol.untilReceived(11 * (i + 1));
  }
  a.transport.close();
  await b.transport.closed;
  await capture.close();
  assertEquals(errors, [failure]);
});

Deno.test("Capture reports once that its stream fails while it is closed", async () => {
  const errors: Error[] = [];
  const failure = new Error("The disk is full");
  const capture = new Capture(new WritableStream({ write: () => Promise.reject(failure) }), {
    onError: (error) => void errors.push(error),
  });
  await capture.close();
  assertEquals(errors, [failure]);
});

Deno.test("Capture reports a path that cannot be written once", async () => {
  const errors: Error[] = [];
  const capture = new Capture("no/such/folder/file.pcapng", {
    onError: (error) => void errors.push(error),
  });
  await capture.close();
  assertEquals(errors.map((error) => error instanceof Deno.errors.NotFound), [true]);
});

Deno.test("Capture drops packets for a blocked sink, counts them, and reports once", async () => {
  const gate = Promise.withResolvers<void>();
  const pieces: Bytes[] = [];
  const errors: Error[] = [];
  const capture = new Capture(async (bytes) => {
    pieces.push(bytes);
    await gate.promise;
  }, { maxBuffer: 100_000, onError: (error) => void errors.push(error) });
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol(), {
    layers: [capture.layer],
  });
  for (let i = 0; i < 10; i++) {
    a.transport.write(new Uint8Array(50_000));
    await b.protocol.untilReceived(50_000 * (i + 1));
  }
  assert(capture.dropped > 0);
  const [error] = errors;
  assert(error instanceof CaptureOverflowError && errors.length === 1);
  gate.resolve();
  a.transport.close();
  await b.transport.closed;
  await capture.close();
  const file = await new Blob(pieces).bytes();
  assert(file.length < 400_000, `${file.length} bytes were kept`);
  // A reader sees what is missing.
  assertThrows(() => readCapture(file), CaptureFormatError, "packets are missing");
});

Deno.test("Capture.flush() waits for what was captured before, not for what follows", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const capture = new Capture(() => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  });
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol(), {
    layers: [capture.layer],
  });
  a.transport.write("before");
  await b.protocol.untilReceived(6);
  let isFlushed = false;
  const flushing = capture.flush().then(() => isFlushed = true);
  await turns();
  assertEquals(isFlushed, false);
  // The sink takes one piece after the other, and always finds a further one.
  for (let i = 0; i < 10; i++) {
    a.transport.write("after");
    await b.protocol.untilReceived(6 + 5 * (i + 1));
    gates[i]?.resolve();
    await turns(1);
  }
  assertEquals([gates.length, isFlushed], [11, true]);
  await flushing;
  const closing = capture.close();
  for (let i = 10; i < 13; i++) {
    gates[i]?.resolve();
    await turns(1);
  }
  await closing;
  a.transport.close();
  await b.transport.closed;
});

Deno.test("Capture.close() waits for the sink to be closed, each time", async () => {
  const gate = Promise.withResolvers<void>();
  let closed = 0;
  const capture = new Capture(
    new WritableStream({
      close(): Promise<void> {
        closed++;
        return gate.promise;
      },
    }),
  );
  const done: number[] = [];
  const closing = [1, 2].map((n) => capture.close().then(() => void done.push(n)));
  await turns();
  assertEquals([closed, done], [1, []]);
  gate.resolve();
  await Promise.all(closing);
  await capture.close();
  assertEquals([closed, done], [1, [1, 2]]);
});

Deno.test("Capture writes to a path and to a stream the same kind of file", async () => {
  const path = await Deno.makeTempFile({ prefix: "sluice-", suffix: ".pcapng" });
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const streamed = new Response(readable).bytes();
  await using capture = new Capture(path);
  await using other = new Capture(writable);
  const [a] = await memoryTransportPair(() => ({}), () => ({}), {
    layers: [capture.layer, other.layer],
  });
  a.transport.write("hello");
  a.transport.close();
  await a.transport.closed;
  await Promise.all([capture.close(), other.close()]);
  const texts = [await Deno.readFile(path), await streamed].map((file) =>
    readCapture(file).map(({ chunks }) =>
      chunks.map(({ bytes }) => new TextDecoder().decode(bytes))
    )
  );
  await Deno.remove(path);
  // Both ends of the pair are captured.
  assertEquals(texts[0]?.flat(), ["hello", "hello"]);
  assertEquals(texts[0], texts[1]);
});

Deno.test("replayCapture() hands a protocol the same chunks, the end, and the addresses", async () => {
  await using kept = new Kept();
  const random = new Random(9);
  const [{ sent, received } = { sent: null, received: null }] = await exchange(
    kept.capture,
    "127.0.0.1",
    [random.bytes(200_000)],
  );
  const [connection] = await kept.connections();
  assert(connection !== undefined);
  const protocol = new RecordingProtocol(new Reverse());
  const transport = await replayCapture(protocol, connection);
  assertEquals(protocol.received, sent);
  assertEquals(transport.written, received);
  assertEquals(transport.getExtraInfo("peername"), connection.peer);
  assertEquals((await transport.closed).endedBy, "peer");
  assertEquals(protocol.order, [
    "connectionMade",
    "dataReceived",
    "eofReceived",
    "connectionLost",
  ]);
  const chunks = connection.chunks.filter(({ direction }) => direction === "received");
  assertEquals(protocol.count("dataReceived"), chunks.length);
});

Deno.test("replayCapture() of a reset loses the connection with ConnectionReset", async () => {
  const protocol = new RecordingProtocol();
  const address = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;
  const transport = await replayCapture(protocol, {
    local: address,
    peer: address,
    comment: null,
    chunks: [{ direction: "received", bytes: new Uint8Array(3), time: 0 }],
    ended: { received: false, sent: false },
    isReset: true,
  });
  const { error } = await transport.closed;
  assert(error instanceof Deno.errors.ConnectionReset);
  assertEquals(protocol.receivedLength, 3);
});

Deno.test("readCapture() rejects every file that is cut off, and garbage, with CaptureFormatError", async () => {
  await using kept = new Kept();
  await exchange(kept.capture, "127.0.0.1", [new Uint8Array(100)]);
  const file = await kept.file();
  assert(readCapture(file).length === 1);
  const wholeBlocks = new Set<number>();
  for (let end = 0; end < file.length;) {
    wholeBlocks.add(end);
    end += new DataView(file.buffer).getUint32(end + 4, true);
  }
  for (let length = 1; length < file.length; length++) {
    if (wholeBlocks.has(length)) readCapture(file.slice(0, length));
    else assertThrows(() => readCapture(file.slice(0, length)), CaptureFormatError);
  }
  assertThrows(() => readCapture(new Random(1).bytes(1000)), CaptureFormatError);
});

Deno.test("readCapture() throws nothing but CaptureFormatError for a file with a byte changed", async () => {
  await using kept = new Kept();
  await exchange(kept.capture, "::1", [new Uint8Array(20)]);
  const file = await kept.file();
  const random = new Random(3);
  for (let round = 0; round < 2000; round++) {
    const broken = file.slice();
    broken[random.below(broken.length)] = random.below(256);
    try {
      readCapture(broken);
    } catch (error) {
      await assertRejects(() => Promise.reject(error), CaptureFormatError);
    }
  }
});
