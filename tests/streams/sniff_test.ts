import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  createServer,
  FramedProtocol,
  lineCodec,
  memoryTransportPair,
  openConnection,
  Protocol,
  type Server,
  startServer,
  startTls,
  type StreamConnection,
  TimeoutError,
  type Transport,
} from "@sluice/net";
import { UnknownProtocolError } from "@sluice/net/protocols";
import { sniff } from "@sluice/net/streams";
import { sniffProtocol } from "@sluice/net/transports";
import { settle } from "../support/time/event_loop.ts";
import { ReplacedClock } from "../support/time/replaced_clock.ts";
import { connectPair } from "../support/pairs/stream_pair.ts";
import { decode, encode } from "../support/text.ts";
import { localhost, trusting } from "../support/certificates/certificates.ts";

/** The first bytes of peers, and the case of each. */
const HEADS: readonly (readonly [string, string])[] = [
  ["\x16\x03\x01\x02\x00\x01\x00", "tls"],
  ["\x16\x03\x05\x02", "other"],
  ["\x16\x02", "other"],
  ["GET / HTTP/1.1\r\n", "http"],
  ["DELETE /x HTTP/1.1\r\n", "http"],
  ["GETTING there\n", "other"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", "http2"],
  ["PRI * HTTP/1.0", "other"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "proxy"],
  ["\r\n\r\n\0\r\nQUIT\n\x21\x11", "proxy"],
  ["PROPFIND", "other"],
  ["SSH-2.0-OpenSSH\r\n", "ssh"],
  ["\x10\x0c\0\x04MQTT", "mqtt"],
  ["hello\n", "other"],
];

/** A case for each kind, which gives its name. */
function casesOf<T>(make: (name: string) => T): Record<string, T | { match: never; use: T }> {
  const cases: Record<string, unknown> = {
    mqtt: {
      match: (head: Uint8Array) =>
        head[0] !== 0x10
          ? false
          : head.length < 8
          ? undefined
          : decode(head.subarray(4, 8)) === "MQTT",
      use: make("mqtt"),
    },
  };
  for (const name of ["tls", "http", "http2", "proxy", "ssh", "other", "silent"]) {
    cases[name] = make(name);
  }
  return cases as Record<string, T>;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

for (const [text, expected] of HEADS) {
  Deno.test(`sniff() recognises ${JSON.stringify(text)} as ${expected}, in any pieces, and leaves it unread`, async () => {
    for (let size = 1; size <= text.length; size++) {
      await using pair = await connectPair();
      const served = sniff(
        pair.b,
        casesOf((name) => async ({ reader }: StreamConnection) => {
          return [name, await reader.readexactly(text.length)] as const;
        }) as never,
      );
      for (let i = 0; i < text.length; i += size) {
        pair.a.writer.write(bytesOf(text.slice(i, i + size)));
        await settle();
      }
      assertEquals(await served, [expected, bytesOf(text)] as never);
    }
  });

  Deno.test(`sniffProtocol() recognises ${JSON.stringify(text)} as ${expected}, and passes all of it on`, async () => {
    for (const size of [1, 3, text.length]) {
      const log: string[] = [];
      const whole = Promise.withResolvers<void>();
      let received = "";
      const factory = sniffProtocol(casesOf((name) => () => ({
        connectionMade: () => void log.push(name),
        dataReceived: (chunk: Uint8Array) => {
          received += String.fromCharCode(...chunk);
          if (received.length === text.length) whole.resolve();
        },
        connectionLost: () => void log.push("lost"),
      })) as never);
      await using server = await createServer(factory, { port: 0 });
      await using client = await openConnection({ port: server.port });
      for (let i = 0; i < text.length; i += size) {
        client.writer.write(bytesOf(text.slice(i, i + size)));
        await client.writer.flush();
      }
      await whole.promise;
      assertEquals([received, log], [text, [expected]]);
      await client.close();
      server.closeClients();
    }
  });
}

Deno.test("sniff() decides by the order of the cases, not by which is sure first", async () => {
  await using pair = await connectPair();
  const served = sniff(pair.b, {
    long: { match: (head) => head.length < 4 ? undefined : head[3] === 52, use: () => "long" },
    short: { match: (head) => head[0] === 49, use: () => "short" },
  });
  pair.a.writer.write("1");
  await settle();
  pair.a.writer.write("234");
  assertEquals(await served, "long");
});

Deno.test("sniff() uses silent for a client that sends nothing, or rejects with TimeoutError", async () => {
  using clock = new ReplacedClock();
  await using pair = await connectPair();
  const refused = sniff(pair.b, { http: () => "http", other: () => "other" }, { timeout: 50 });
  refused.catch(() => {});
  await settle();
  clock.advance(50);
  await assertRejects(() => refused, TimeoutError, "Cannot sniff within 50 ms");
  const served = sniff(pair.b, {
    http: () => "http",
    silent: async ({ writer, reader }) => {
      writer.write("220 ready\n");
      return await reader.readline({ as: "text" });
    },
  });
  await settle();
  clock.advance(5000);
  assertEquals(await pair.a.reader.readline({ as: "text" }), "220 ready\n");
  pair.a.writer.write("EHLO\n");
  assertEquals(await served, "EHLO\n");
  assertEquals(clock.timers, 0);
});

Deno.test("sniff() uses other for bytes that match no case in time", async () => {
  using clock = new ReplacedClock();
  await using pair = await connectPair();
  const served = sniff(pair.b, { http: () => "http", other: () => "other" });
  pair.a.writer.write("GE");
  await settle();
  clock.advance(5000);
  assertEquals(await served, "other");
  assertEquals(decode(pair.b.reader.takeBuffered()), "GE");
});

Deno.test("sniff() looks at no more than maxBytes, and returns null for a peer that left", async () => {
  await using pair = await connectPair();
  const more = { match: () => undefined, use: () => "never" };
  pair.a.writer.write("x".repeat(100));
  const error = await assertRejects(
    () => sniff(pair.b, { more }, { maxBytes: 20 }),
    UnknownProtocolError,
    "none of those expected begins with 78 78",
  );
  assertEquals([error.head.length, pair.b.reader.takeBuffered().length], [20, 100]);
  pair.a.writer.writeEof();
  assertEquals(await sniff(pair.b, { more, other: () => "other" }), undefined);
});

Deno.test("sniff() and sniffProtocol() refuse invalid arguments", async () => {
  await using pair = await connectPair();
  const wrong: [unknown, object, new () => Error, string][] = [
    [{}, {}, TypeError, "there are no cases"],
    [null, {}, TypeError, "null is not an object"],
    [{ tls: 5 }, {}, TypeError, "tls 5 is neither a function nor { match, use }"],
    [{ gopher: () => {} }, {}, TypeError, '"gopher" is not known by name; give { match'],
    [{ other: { match: () => true } }, {}, TypeError, "other an object is neither"],
    [{ other: () => {} }, { timeout: 0 }, RangeError, "timeout 0 is not a time above 0 ms"],
    [{ other: () => {} }, { maxBytes: 0 }, RangeError, "maxBytes 0 is not a whole number"],
    [{ other: () => {} }, { deadline: 5 }, TypeError, 'there is no option "deadline"'],
  ];
  for (const [cases, options, kind, text] of wrong) {
    await assertRejects(() => sniff(pair.a, cases as never, options), kind, text);
    assertThrows(() => sniffProtocol(cases as never, options), kind, text);
  }
});

class Upgrade extends Protocol {
  override connectionMade(transport: Transport): void {
    super.connectionMade(transport);
    startTls(transport, new Answer("secured"), { serverSide: true, ...localhost }).catch(() => {});
  }
}

class Answer extends FramedProtocol<string> {
  readonly #name: string;

  constructor(name: string) {
    super(lineCodec());
    this.#name = name;
  }

  override messageReceived(line: string): void {
    this.send(`${this.#name}: ${line}`);
  }
}

const SERVERS: Record<string, () => Promise<Server>> = {
  "sniff()": () =>
    startServer((connection) =>
      sniff(connection, {
        tls: async (connection) => {
          await connection.startTls(localhost);
          connection.writer.write(`secured: ${await connection.reader.readline({ as: "text" })}`);
        },
        other: async ({ reader, writer }) => {
          writer.write(`plain: ${await reader.readline({ as: "text" })}`);
        },
      }), { port: 0 }),
  "sniffProtocol()": () =>
    createServer(
      sniffProtocol({ tls: () => new Upgrade(), other: () => new Answer("plain") }),
      { port: 0 },
    ),
};

for (const [name, serve] of Object.entries(SERVERS)) {
  Deno.test(`${name} serves TLS and plain lines on one port`, async () => {
    const server = await serve();
    for (const [options, answer] of [[{ tls: trusting }, "secured"], [{}, "plain"]] as const) {
      const client = await openConnection({ port: server.port, ...options });
      client.writer.write("line\n");
      assertEquals((await client.reader.readline({ as: "text" })).trim(), `${answer}: line`);
      await client.close();
    }
    await server.shutdown({ grace: 1000 });
  });
}

Deno.test("sniffProtocol() closes silent and unknown connections, and leaves no timer", async () => {
  using clock = new ReplacedClock();
  for (
    const [bytes, time, text] of [
      ["", 5000, "Cannot sniff within 5000 ms"],
      ["GE", 5000, "Cannot sniff within 5000 ms"],
      ["???", 0, "none of those expected"],
    ] as const
  ) {
    const factory = sniffProtocol({ http: () => ({}) });
    const [a, b] = await memoryTransportPair(() => ({}), factory);
    if (bytes !== "") a.transport.write(bytes);
    await settle();
    clock.advance(time);
    const { error } = await b.transport.closed;
    assert(error?.message.includes(text) || bytes === "GE", `${error}`);
    assertEquals(clock.timers, 0);
    a.transport.abort();
    await a.transport.closed;
  }
});

Deno.test("sniffProtocol() tells the protocol of an end of data that came with its first bytes", async () => {
  const log: string[] = [];
  const factory = sniffProtocol({
    http: () => ({
      dataReceived: (chunk) => log.push(decode(chunk)),
      eofReceived: () => {
        log.push("eof");
        return false;
      },
    }),
  });
  const [a, b] = await memoryTransportPair(() => ({}), factory);
  a.transport.write(encode("GET /"));
  a.transport.writeEof();
  await b.transport.closed;
  assertEquals(log, ["GET /", "eof"]);
  await a.transport.closed;
});
