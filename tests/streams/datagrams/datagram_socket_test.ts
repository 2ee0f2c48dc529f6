import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  denoNetwork,
  lengthFieldCodec,
  lineCodec,
  openDatagrams,
  WriteBufferFullError,
} from "@sluice/net";
import { DatagramSocket, framedDatagrams, type OutgoingDatagram } from "@sluice/net/streams";
import { memoryDatagramPair } from "@sluice/net/transports";
import { settle, stateOf } from "../../support/time/event_loop.ts";

const HERE = { localAddr: { port: 0 } };
const HOME = { transport: "memory", name: "home" } as const;

/** Two sockets in memory. */
async function pair(
  options: Parameters<typeof memoryDatagramPair>[2] = {},
): Promise<readonly [DatagramSocket, DatagramSocket]> {
  const [a, b] = await memoryDatagramPair(() => ({}), () => ({}), options);
  const { sendPolicy = "wait" } = options;
  const over = (one: typeof a) => DatagramSocket.over(one.transport, { sendPolicy });
  return [over(a), over(b)] as const;
}

function text(datagram: { readonly data: Uint8Array } | undefined): string {
  return new TextDecoder().decode(datagram?.data);
}

Deno.test("receive() gives datagrams in order, to callers in the order of asking", async () => {
  const [a, b] = await pair();
  const waiting = [b.receive(), b.receive()];
  for (const word of ["one", "two", "three", "four"]) await a.send(word);
  assertEquals((await Promise.all(waiting)).map(text), ["one", "two"]);
  assertEquals([text(await b.receive()), text(await b.receive())], ["three", "four"]);
  await Promise.all([a.close(), b.close()]);
});

Deno.test("receive() takes nothing when it is aborted, and leaves no listener", async () => {
  const [a, b] = await pair();
  const controller = new AbortController();
  const aborted = b.receive({ signal: controller.signal });
  controller.abort(new Error("Enough"));
  await assertRejects(() => aborted, Error, "Enough");
  await assertRejects(() => b.receive({ signal: controller.signal }), Error, "Enough");
  await a.send("next");
  assertEquals(text(await b.receive()), "next");
  await Promise.all([a.close(), b.close()]);
});

Deno.test("receive() and for await end when the socket is closed", async () => {
  const [a, b] = await pair();
  const receiving = b.receive();
  await a.send("only");
  assertEquals(text(await receiving), "only");
  const looped: string[] = [];
  const loop = (async () => {
    for await (const datagram of b) looped.push(text(datagram));
  })();
  await a.send("in the loop");
  await settle();
  await b.close();
  await loop;
  assertEquals([looped, await b.receive()], [["in the loop"], undefined]);
  await a.close();
});

Deno.test("send() resolves when the datagram is sent, and rejects when that fails", async () => {
  await using socket = await openDatagrams(HERE);
  const { port } = socket;
  await socket.send("to itself", { port });
  assertEquals(text(await socket.receive()), "to itself");
  await assertRejects(() => socket.send(new Uint8Array(65_508), { port }), RangeError, "65507");
  await assertRejects(() => socket.send("x"), TypeError, "no address given");
  await assertRejects(() => socket.send(5 as unknown as string, { port }), TypeError);
  await assertRejects(() => socket.send("x", { port: 70_000 }), RangeError);
  const signal = AbortSignal.abort(new Error("Never mind"));
  await assertRejects(() => socket.send("x", { port }, { signal }), Error, "Never mind");
  await socket.close();
  await assertRejects(() => socket.send("x", { port }), Error, "closed");
});

Deno.test("send() waits for room, in order, and an aborted one sends nothing", async () => {
  const [a, b] = await pair({ writeBufferLimits: { high: 20, low: 0 }, maxWriteBuffer: 30 });
  const sent = Array.from({ length: 50 }, (_one, index) => a.send(`${index}`.padStart(8, "0")));
  const controller = new AbortController();
  const aborted = a.send("aborted", null, { signal: controller.signal });
  const last = a.send("last");
  // Before any of those that wait has its turn.
  controller.abort(new Error("Enough"));
  await assertRejects(() => aborted, Error, "Enough");
  const received: string[] = [];
  while (received.at(-1) !== "last") received.push(text(await b.receive()));
  await Promise.all([...sent, last]);
  assertEquals(received.length, 51);
  assertEquals(received.slice(0, 50).map(Number), Array.from({ length: 50 }, (_one, i) => i));
  assertEquals(a.transport.dropped.sent, 0);
  await Promise.all([a.close(), b.close()]);
});

Deno.test("send() rejects with WriteBufferFullError where the policy drops it", async () => {
  for (const sendPolicy of ["drop-newest", "drop-oldest"] as const) {
    const [a, b] = await pair({ maxWriteBuffer: 20, sendPolicy });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_one, index) => a.send(`${index}`)),
    );
    const dropped = outcomes.filter((one) => one.status === "rejected");
    assert(dropped.every(({ reason }) => reason instanceof WriteBufferFullError), sendPolicy);
    assertEquals([dropped.length, a.transport.dropped.sent], [7, 7], sendPolicy);
    const numbers = [await b.receive(), await b.receive(), await b.receive()].map(text);
    assertEquals(numbers, sendPolicy === "drop-newest" ? ["0", "1", "2"] : ["0", "8", "9"]);
    await Promise.all([a.close(), b.close()]);
  }
});

Deno.test("sendMany() sends all valid datagrams, in order, and reports the others", async () => {
  await using socket = await openDatagrams(HERE);
  const address = { port: socket.port };
  const large = { data: new Uint8Array(70_000), address };
  const result = await socket.sendMany([
    { data: "one", address },
    large,
    { data: "two", address },
    large,
    { data: "three", address },
  ]);
  assertEquals([result.sent, result.failed.map(({ index }) => index)], [3, [1, 3]]);
  assertEquals(result.failed[0]?.error.name, "DatagramTooLargeError");
  const received = [await socket.receive(), await socket.receive(), await socket.receive()];
  assertEquals(received.map(text), ["one", "two", "three"]);
  assertEquals(await socket.sendMany([]), { sent: 0, failed: [] });
  await assertRejects(() => socket.sendMany([{ data: 1 as never, address }]), TypeError);
  await assertRejects(() => socket.sendMany(5 as never), TypeError, "no iterable");
});

Deno.test("sendMany() asks an async iterable only when there is room", async () => {
  const [a, b] = await pair({ writeBufferLimits: { high: 100 } });
  let asked = 0;
  async function* datagrams(): AsyncGenerator<OutgoingDatagram> {
    for (; asked < 100; asked++) yield { data: `${asked}`.padStart(42, "0") };
  }
  const sending = a.sendMany(datagrams());
  assert(asked < 5);
  const received: number[] = [];
  while (received.length < 100) received.push(Number(text(await b.receive())));
  assertEquals(await sending, { sent: 100, failed: [] });
  assertEquals(received, Array.from({ length: 100 }, (_one, index) => index));
  const controller = new AbortController();
  async function* endless(): AsyncGenerator<OutgoingDatagram> {
    for (;;) yield { data: "x" };
  }
  const aborted = a.sendMany(endless(), { signal: controller.signal });
  await a.transport.getProtocol();
  setTimeout(() => controller.abort(new Error("Enough")), 0);
  await assertRejects(() => aborted, Error, "Enough");
  await Promise.all([a.close(), b.close()]);
});

Deno.test("readable and writable are a pair: an echo server is one pipe", async () => {
  await using server = await openDatagrams(HERE);
  const serving = server.readable.pipeTo(server.writable);
  await using client = await openDatagrams({ remoteAddr: { port: server.port } });
  for (const word of ["one", "two"]) {
    await client.send(word);
    assertEquals(text(await client.receive()), word);
  }
  await server.close();
  await serving;
});

Deno.test("writable goes on after a datagram that the system refuses", async () => {
  const errors: string[] = [];
  await using socket = await openDatagrams({
    ...HERE,
    errorReceived: (error) => errors.push(error.name),
  });
  const address = { port: socket.port };
  const writer = socket.writable.getWriter();
  await writer.write({ data: new Uint8Array(70_000), address });
  await writer.write({ data: "next", address });
  assertEquals(text(await socket.receive()), "next");
  assertEquals(errors, ["DatagramTooLargeError"]);
  await writer.close();
  await socket.send("still open", address);
  assertEquals(text(await socket.receive()), "still open");
});

Deno.test("readable stops waiting when its reader is released, and loses no datagram", async () => {
  const [a, b] = await pair();
  const reader = b.readable.getReader();
  const reading = reader.read().catch(() => {});
  reader.releaseLock();
  await reading;
  const receiving = b.receive();
  await a.send("one");
  assertEquals(text(await receiving), "one");
  const again = b.readable.getReader();
  const second = again.read();
  await a.send("two");
  assertEquals(text((await second).value), "two");
  again.releaseLock();
  await Promise.all([a.close(), b.close()]);
});

Deno.test("readable that is cancelled while a datagram comes leaves it to the next receive()", async () => {
  const [a, b] = await pair();
  const reader = b.readable.getReader();
  const reading = reader.read();
  await settle();
  b.transport.getProtocol().datagramReceived?.(new Uint8Array([65]), HOME);
  await reader.cancel();
  await reading;
  assertEquals(text(await b.receive()), "A");
  await Promise.all([a.close(), b.close()]);
});

Deno.test("sendMany() and writable refuse values that are not datagrams, with an error that says so", async () => {
  const [a, b] = await pair();
  for (const wrong of [null, undefined, "text", 5, new Uint8Array(1)]) {
    await assertRejects(() => a.sendMany([wrong as never]), TypeError, "it is no datagram");
  }
  await assertRejects(
    () => a.writable.getWriter().write(null as never),
    TypeError,
    "Cannot send null: it is no datagram, give an object of { data, address }",
  );
  await assertRejects(() => a.sendMany(5 as never), TypeError, "5 is no iterable");
  await Promise.all([a.close(), b.close()]);
});

Deno.test("Data that waits for room is copied, in every way to send", async () => {
  const [a, b] = await pair({ writeBufferLimits: { high: 0 } });
  const writer = a.writable.getWriter();
  await settle();
  a.transport.sendto("fills the queue");
  const data = new Uint8Array([65]);
  const sending = [a.send(data), a.sendMany([{ data }]), writer.write({ data })];
  // All of them wait, and the queue is as full as before: that changes in a later turn.
  for (let i = 0; i < 20; i++) await null;
  data[0] = 66;
  await Promise.all(sending);
  const received = await Promise.all([1, 2, 3, 4].map(() => b.receive()));
  assertEquals(received.map(text), ["fills the queue", "A", "A", "A"]);
  await Promise.all([a.close(), b.close()]);
});

Deno.test("errorReceived that throws is reported, and the socket goes on sending", async () => {
  const reported: string[] = [];
  const fail = (): void => {
    throw new Error("Thrown by the test");
  };
  await using socket = await openDatagrams({
    ...HERE,
    errorReceived: fail,
    onError: (error) => void reported.push(error.message),
  });
  const address = { port: socket.port };
  const writer = socket.writable.getWriter();
  await writer.write({ data: new Uint8Array(70_000), address });
  await socket.send("next", address);
  assertEquals([text(await socket.receive()), reported], ["next", ["Thrown by the test"]]);
});

Deno.test("sendMany() waits for nothing once its signal aborts", async () => {
  const never = new Promise<never>(() => {});
  const network = { ...denoNetwork, lookup: () => never };
  await using socket = await openDatagrams({ ...HERE, network, closeTimeout: 0 });
  const stalled = async function* (): AsyncGenerator<OutgoingDatagram> {
    yield await never;
  };
  const address = { hostname: "unknown.test", port: 9 };
  for (const datagrams of [[{ data: "x", address }], stalled()]) {
    const controller = new AbortController();
    const sending = socket.sendMany(datagrams, { signal: controller.signal });
    assertEquals(await stateOf(sending), "pending");
    controller.abort(new Error("Enough"));
    await assertRejects(() => sending, Error, "Enough");
  }
});

Deno.test("sendMany() stops reading its iterable once the socket is closed, and yields to other tasks", async () => {
  const [a, b] = await pair({ sendPolicy: "drop-newest" });
  let asked = 0;
  const endless = function* (): Generator<OutgoingDatagram> {
    for (;; asked++) yield { data: "x" };
  };
  const sending = a.sendMany(endless());
  await settle();
  await a.close();
  const { failed } = await sending;
  assertEquals(failed.at(-1)?.error.name, "ConnectionLostError");
  const before = asked;
  assertEquals((await a.sendMany(endless())).failed.length, 1);
  assertEquals(asked, before);
  await b.close();
});

Deno.test("framedDatagrams() gives every message, in order, to several who receive at once", async () => {
  const [a, b] = await pair();
  const server = framedDatagrams(b, () => lineCodec());
  const waiting = [server.receive(), server.receive()];
  await a.send("one\ntwo\n");
  await a.send("three\nfour\n");
  const rest = [server.receive(), server.receive()];
  const received = await Promise.all([...waiting, ...rest]);
  assertEquals(received.map((one) => one?.message), ["one", "two", "three", "four"]);
  await Promise.all([a.close(), b.close()]);
});

Deno.test("framedDatagrams() keeps the good messages of a datagram when onBadMessage throws", async () => {
  const [a, b] = await pair();
  const server = framedDatagrams(b, () => lineCodec({ maxLength: 5 }), {
    onBadMessage: () => {
      throw new Error("Thrown by the test");
    },
  });
  await a.send("good\nmuch too long\n");
  await assertRejects(() => server.receive(), Error, "Thrown by the test");
  assertEquals((await server.receive())?.message, "good");
  await Promise.all([a.close(), b.close()]);
});

Deno.test("framedDatagrams() encodes a message into one datagram, in parts as well", async () => {
  const [a, b] = await pair();
  const [client, server] = [a, b].map((one) =>
    framedDatagrams(one, () => lengthFieldCodec({ lengthBytes: 2 }))
  );
  assert(client !== undefined && server !== undefined);
  await client.send(new Uint8Array([1, 2, 3]));
  const received = await server.receive();
  assertEquals(received?.message, new Uint8Array([1, 2, 3]));
  assertEquals(received?.address, { transport: "memory", name: "a" });
  await assertRejects(() => client.send(new Uint8Array(70_000)), Error);
  const controller = new AbortController();
  const aborted = server.receive({ signal: controller.signal });
  controller.abort(new Error("Enough"));
  await assertRejects(() => aborted, Error, "Enough");
  await client.socket.send(new Uint8Array([0, 9, 1]));
  await client.send(new Uint8Array([4]));
  for await (const { message } of server) {
    assertEquals([message, server.badMessages], [new Uint8Array([4]), 1]);
    break;
  }
  assertThrows(() => framedDatagrams(a, lengthFieldCodec() as never), TypeError, "makes a codec");
  await Promise.all([client.close(), server.close()]);
});
