import {
  type AnyProtocol,
  BufferedProtocol,
  type Bytes,
  type Codec,
  ConnectionLostError,
  createServer,
  framed,
  FramedProtocol,
  type FrameError,
  FrameTooLongError,
  IncompleteFrameError,
  InvalidStateError,
  lengthFieldCodec,
  lineCodec,
  memoryTransportPair,
  openConnection,
  Protocol,
} from "@sluice/net";
import { FrameEncodeError } from "@sluice/net/protocols";
import { RecordingTransport } from "@sluice/net/testing";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { Random } from "../../../testing/conformance/random.ts";
import { settle, untilStill } from "../../support/time/event_loop.ts";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

/** Keeps what it hears, and does with each line what the test says. */
class Lines extends FramedProtocol<string> {
  readonly heard: string[] = [];
  onLine: (line: string) => void | Promise<void> = () => {};
  onEnd: () => boolean | void = () => {};
  toleratesBad = false;

  constructor(codec: Codec<string> = lineCodec({ maxLength: 10 })) {
    super(codec);
  }

  override messageReceived(line: string): void | Promise<void> {
    this.heard.push(line);
    return this.onLine(line);
  }

  override badMessageReceived(error: FrameError): unknown {
    this.heard.push(error.name);
    return this.toleratesBad ? undefined : super.badMessageReceived(error);
  }

  override endReceived(): boolean | void {
    this.heard.push("end");
    return this.onEnd();
  }

  override connectionLost(error: Error | null): void {
    super.connectionLost(error);
    this.heard.push(`lost ${error?.name ?? null}`);
  }
}

function connect(protocol: AnyProtocol): RecordingTransport {
  const transport = new RecordingTransport(protocol, { writeBufferLimits: { high: 10, low: 2 } });
  transport.start();
  return transport;
}

Deno.test("FramedProtocol.messageReceived() gets the messages one by one", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  await transport.feed("one\ntwo\nth");
  assertEquals(lines.heard, ["one", "two"]);
  await transport.feed("ree\n");
  await transport.feedEof();
  await transport.closed;
  assertEquals(lines.heard, ["one", "two", "three", "end", "lost null"]);
});

Deno.test("FramedProtocol.messageReceived() that waits holds back the next message of the same chunk", async () => {
  const lines = new Lines();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  lines.onLine = (line) => line === "one" ? gates[0].promise : gates[1].promise;
  const transport = connect(lines);
  const fed = transport.feed("one\ntwo\nthree\n");
  const later = transport.feed("four\n");
  assertEquals(lines.heard, ["one"]);
  const second = Promise.withResolvers<void>();
  lines.onLine = (line) => {
    second.resolve();
    return line === "two" ? gates[1].promise : undefined;
  };
  gates[0].resolve();
  await second.promise;
  assertEquals(lines.heard, ["one", "two"]);
  gates[1].resolve();
  await fed;
  assertEquals(lines.heard.slice(0, 3), ["one", "two", "three"]);
  await later;
  assertEquals(lines.heard, ["one", "two", "three", "four"]);
});

Deno.test("FramedProtocol.messageReceived() that rejects ends the connection", async () => {
  const lines = new Lines();
  lines.onLine = () => Promise.reject(new TypeError("Cannot bear it"));
  const transport = connect(lines);
  await assertRejects(() => transport.feed("one\ntwo\n"), TypeError);
  assertInstanceOf((await transport.closed).error, TypeError);
  assertEquals(lines.heard, ["one", "lost TypeError"]);
});

for (const how of ["at once", "after a wait"]) {
  Deno.test(`FramedProtocol holds messages that have arrived while reading is paused ${how}`, async () => {
    const lines = new Lines();
    const transport = connect(lines);
    lines.onLine = (line) => {
      if (line !== "one") return;
      if (how === "at once") return transport.pauseReading();
      return Promise.resolve().then(() => transport.pauseReading());
    };
    const fed = transport.feed("one\ntwo\nthr");
    await Promise.resolve().then(() => {}).then(() => {});
    assertEquals(lines.heard, ["one"]);
    transport.resumeReading();
    await fed;
    await transport.feed("ee\n");
    assertEquals(lines.heard, ["one", "two", "three"]);
  });

  Deno.test(`FramedProtocol hands unread bytes to the protocol that is set ${how}`, async () => {
    const received: string[] = [];
    const next = new class extends Protocol {
      override dataReceived(chunk: Bytes): void {
        received.push(new TextDecoder().decode(chunk));
      }
    }();
    const lines = new Lines();
    const transport = connect(lines);
    lines.onLine = () => {
      if (how === "at once") return transport.setProtocol(next);
      return Promise.resolve().then(() => transport.setProtocol(next));
    };
    await transport.feed("upgrade\none\ntwo");
    await transport.feed("three");
    assertEquals(lines.heard, ["upgrade"]);
    assertEquals(received.join(""), "one\ntwothree");
  });
}

Deno.test("FramedProtocol hands unread bytes to a protocol that lends its buffer", async () => {
  const received: number[] = [];
  const next = new class extends BufferedProtocol {
    readonly #buffer = new Uint8Array(2);
    override getBuffer(): Uint8Array {
      return this.#buffer;
    }
    override bufferUpdated(bytes: number): void {
      received.push(...this.#buffer.subarray(0, bytes));
    }
  }();
  const lines = new Lines();
  const transport = connect(lines);
  lines.onLine = () => transport.setProtocol(next);
  await transport.feed(new Uint8Array([...encode("go\n"), 1, 2, 3, 4, 5]));
  await transport.feed(hex("06"));
  assertEquals(received, [1, 2, 3, 4, 5, 6]);
});

Deno.test("FramedProtocol hands unread bytes to another one with other messages, and back", async () => {
  const frames: Bytes[] = [];
  const lines = new Lines();
  const binary = new class extends FramedProtocol<Bytes, Uint8Array> {
    override messageReceived(frame: Bytes): void {
      frames.push(frame);
      if (frame.length === 0) this.transport.setProtocol(lines);
    }
  }(lengthFieldCodec({ lengthBytes: 1 }));
  const transport = connect(lines);
  binary.connectionMade(transport);
  lines.onLine = (line) => line === "binary" ? transport.setProtocol(binary) : undefined;
  await transport.feed("a\nbinary\n\u0003one\u0003two\u0000b\nbinary\n\u0001x\u0000c\n");
  await transport.feed("d\n");
  assertEquals(lines.heard, ["a", "binary", "b", "binary", "c", "d"]);
  assertEquals(frames, [encode("one"), encode("two"), hex(""), encode("x"), hex("")]);
});

Deno.test("FramedProtocol tells a protocol that is set in the last message of the end of data", async () => {
  for (const withUnread of [false, true]) {
    const next = new Lines();
    const told = Promise.withResolvers<void>();
    next.onEnd = () => {
      told.resolve();
      return true;
    };
    const lines = new Lines();
    const [client, server] = await memoryTransportPair(() => ({}), () => lines);
    next.connectionMade(server.transport);
    lines.onLine = () => {
      if (withUnread) server.transport.setProtocol(next, { unread: lines.detach() });
      else server.transport.setProtocol(next);
    };
    client.transport.write("last");
    client.transport.writeEof();
    await told.promise;
    await settle();
    assertEquals([lines.heard, next.heard], [["last"], ["end"]]);
    assertEquals(server.transport.isClosing(), false);
    server.transport.close();
    client.transport.close();
    await Promise.all([server.transport.closed, client.transport.closed]);
  }
});

Deno.test("FramedProtocol.detach() returns the bytes of an incomplete message", async () => {
  const lines = new Lines();
  const next = new Lines();
  const transport = connect(lines);
  next.connectionMade(transport);
  await transport.feed("one\ntw");
  transport.setProtocol(next, { unread: lines.detach() });
  await transport.feed("o\n");
  assertEquals([lines.heard, next.heard], [["one"], ["two"]]);
});

Deno.test("FramedProtocol.detach() returns the unread bytes after an exception in a callback", async () => {
  const rest = Promise.withResolvers<string>();
  class Failing extends Lines {
    override connectionLost(error: Error | null): void {
      super.connectionLost(error);
      rest.resolve(new TextDecoder().decode(this.detach()));
    }
  }
  const lines = new Failing();
  lines.onLine = () => {
    throw new Error("a fault of the program");
  };
  const [client, server] = await memoryTransportPair(() => ({}), () => lines, {
    onError: () => {},
  });
  client.transport.write("one\ntwo\nthr");
  assertEquals(await rest.promise, "two\nthr");
  await Promise.all([server.transport.closed, client.transport.closed]);
});

Deno.test("FramedProtocol.codec, when replaced, continues within the chunk, in both directions", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  lines.onLine = (line) => {
    if (line !== "crlf") return;
    assertEquals(lines.codec.encode("a"), "a\n");
    lines.codec = lineCodec({ ending: "crlf" });
  };
  await transport.feed("one\ncrlf\ntwo\nstill two\r\n");
  lines.send("answer");
  assertEquals(lines.heard, ["one", "crlf", "two\nstill two"]);
  assertEquals(transport.writtenText, "answer\r\n");
});

Deno.test("FramedProtocol.badMessageReceived() ends the connection unless it is overridden", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  await assertRejects(() => transport.feed("12345678901\nnext\n"), FrameTooLongError);
  assertInstanceOf((await transport.closed).error, FrameTooLongError);
  assertEquals(lines.heard, ["FrameTooLongError", "lost FrameTooLongError"]);
});

Deno.test("FramedProtocol.badMessageReceived() that returns lets the next message come", async () => {
  const lines = new Lines();
  lines.toleratesBad = true;
  const transport = connect(lines);
  await transport.feed("one\n123456789012345");
  await transport.feed(new Uint8Array([...encode("67890\n"), 0xff, ...encode("\ntwo\n")]));
  assertEquals(lines.heard, ["one", "FrameTooLongError", "FrameDecodeError", "two"]);
});

Deno.test("FramedProtocol ends the connection with the error of a broken stream", async () => {
  const broken = new FramedProtocol(lengthFieldCodec({ lengthBytes: 8 }));
  const transport = connect(broken);
  await assertRejects(() => transport.feed(new Uint8Array(8).fill(255)), FrameTooLongError);
  assertInstanceOf((await transport.closed).error, FrameTooLongError);
});

Deno.test("FramedProtocol delivers a last message at the end of the data", async () => {
  const lines = new Lines();
  lines.onEnd = () => true;
  const transport = connect(lines);
  await transport.feed("one\ntwo");
  await transport.feedEof();
  assertEquals(lines.heard, ["one", "two", "end"]);
  assertEquals(transport.isClosing(), false);
  transport.close();
  await transport.closed;
});

Deno.test("FramedProtocol waits for the answer to a last message before it closes", async () => {
  const lines = new Lines();
  const gate = Promise.withResolvers<void>();
  lines.onLine = async (line) => {
    await gate.promise;
    lines.send(`got ${line}`);
  };
  const transport = connect(lines);
  await transport.feed("one");
  const ending = transport.feedEof();
  assertEquals(transport.isClosing(), false);
  gate.resolve();
  await ending;
  assertEquals((await transport.closed).error, null);
  assertEquals(transport.writtenText, "got one\n");
  assertEquals(lines.heard, ["one", "end", "lost null"]);
});

Deno.test("FramedProtocol ends the connection when the answer to a last message fails", async () => {
  const lines = new Lines();
  lines.onLine = () => Promise.reject(new TypeError("Cannot bear it"));
  const transport = connect(lines);
  await transport.feed("one");
  await assertRejects(() => transport.feedEof(), TypeError, "Cannot bear it");
  assertInstanceOf((await transport.closed).error, TypeError);
});

Deno.test("FramedProtocol ends the connection when the data ends inside a message", async () => {
  const lines = new Lines(lineCodec({ requireEnding: true }));
  const transport = connect(lines);
  await transport.feed("one\ntw");
  await transport.feedEof().catch(() => {});
  assertInstanceOf((await transport.closed).error, IncompleteFrameError);
  assertEquals(lines.heard, ["one", "lost IncompleteFrameError"]);
});

Deno.test("FramedProtocol delivers nothing after close(), also of the same chunk", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  lines.onLine = () => transport.close();
  await transport.feed("one\ntwo\n");
  await transport.closed;
  assertEquals(lines.heard, ["one", "lost null"]);
});

Deno.test("FramedProtocol.send() says whether more may follow, and drain() waits for it", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  await lines.drain();
  transport.stall();
  assertEquals(lines.send("1234"), true);
  assertEquals(lines.send("12345"), false);
  let order = "";
  const waiting = [1, 2].map((n) => lines.drain().then(() => order += n));
  await transport.drain(8);
  assertEquals(transport.getWriteBufferSize(), 3);
  assertEquals(order, "");
  await transport.drain(1);
  await Promise.all(waiting);
  assertEquals(order, "12");
  transport.abort();
});

Deno.test("FramedProtocol that awaits drain() queues no more over TCP than its peer reads", async () => {
  const messages = 400;
  let answered = 0;
  class Echo extends FramedProtocol<Bytes, Uint8Array> {
    override messageReceived(message: Bytes): Promise<void> {
      answered++;
      this.send(message);
      return this.drain();
    }
  }
  await using server = await createServer(() => new Echo(lengthFieldCodec()), { port: 0 });
  await using peer = framed(await openConnection({ port: server.port }), lengthFieldCodec());
  peer.connection.transport.pauseReading();
  let sent = 0;
  const sending = (async () => {
    for (; sent < messages; sent++) await peer.send(new Uint8Array(60_000));
  })();
  await untilStill(() => sent);
  // The peer reads nothing: so the server answers no more, reads no more, and the peer waits.
  assert(sent < messages, "all was taken from a peer that does not read");
  assert(answered <= sent);
  const [held] = [...server.connections].map((transport) => transport.getWriteBufferSize());
  assert(held !== undefined && held < 200_000, `${held} bytes of answers are held`);
  peer.connection.transport.resumeReading();
  for (let i = 0; i < messages; i++) assertEquals((await peer.receive())?.length, 60_000);
  await sending;
  assertEquals(answered, messages);
});

Deno.test("FramedProtocol.drain() rejects when its signal aborts, and other waits continue", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  transport.stall();
  lines.send("123456789");
  lines.send("123456789");
  const { signal } = new AbortController();
  const cancel = new AbortController();
  const cancelled = lines.drain({ signal: cancel.signal });
  const waiting = lines.drain({ signal });
  cancel.abort(new TypeError("Enough"));
  await assertRejects(() => cancelled, TypeError);
  await assertRejects(() => lines.drain({ signal: cancel.signal }), TypeError);
  await transport.drain();
  await waiting;
  transport.abort();
});

Deno.test("FramedProtocol.drain() fails when the connection is lost", async () => {
  const lines = new Lines();
  const transport = connect(lines);
  transport.stall();
  lines.send("1234567890");
  const waiting = lines.drain();
  transport.lose(new TypeError("Cable cut"));
  await assertRejects(() => waiting, TypeError, "Cable cut");
  await assertRejects(() => lines.drain(), TypeError, "Cable cut");
  const other = new Lines();
  connect(other).abort();
  await Promise.resolve().then(() => {});
  await assertRejects(() => other.drain(), ConnectionLostError);
});

Deno.test("FramedProtocol.send() that cannot encode sends nothing", () => {
  const lines = new Lines();
  const transport = connect(lines);
  assertThrows(() => lines.send("a\nb"), FrameEncodeError);
  lines.send("ok");
  assertEquals(transport.writtenText, "ok\n");
});

Deno.test("FramedProtocol.transport throws InvalidStateError before there is one", () => {
  assertThrows(() => new Lines().transport, InvalidStateError, "connectionMade");
  assertThrows(() => new Lines().send("x"), InvalidStateError);
});

Deno.test("FramedProtocol loses no message under random splits, pauses, waits and switches", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const sent = Array.from({ length: 60 }, (_, i) => `${i}`.padEnd(random.below(9), "."));
    const heard: string[] = [];
    const done = Promise.withResolvers<void>();
    const act = (line: string, lines: Lines): void | Promise<void> => {
      heard.push(line);
      if (heard.length === sent.length) done.resolve();
      const { transport } = lines;
      const action = (): void => {
        const choice = random.below(6);
        if (choice === 0) {
          transport.pauseReading();
          queueMicrotask(() => transport.resumeReading());
        } else if (choice === 1) transport.setProtocol(listen(lines));
        else if (choice === 2) lines.codec = lineCodec();
      };
      if (random.below(3) > 0) return action();
      return Promise.resolve().then(action);
    };
    const listen = (before?: Lines): Lines => {
      const lines = new Lines();
      if (before !== undefined) lines.connectionMade(before.transport);
      lines.onLine = (line) => act(line, lines);
      return lines;
    };
    const [client, server] = await memoryTransportPair(() => ({}), () => listen());
    const bytes = encode(sent.map((line) => `${line}\n`).join(""));
    for (const piece of random.split(bytes, 1, random.pick(3, 20, 500))) {
      client.transport.write(piece.slice());
      if (random.below(4) === 0) await Promise.resolve();
    }
    await done.promise;
    assertEquals(heard, sent, `seed ${seed}`);
    client.transport.close();
    assert((await server.transport.closed).error === null, `seed ${seed}`);
    await client.transport.closed;
  }
});
