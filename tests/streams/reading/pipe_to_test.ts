import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import { settle, stateOf, turn, untilStill } from "../../support/time/event_loop.ts";
import { PipeScene } from "./pipe_scene.ts";
import { connectPair, type PairOptions } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";

/**
 * Piping one connection into another goes past the platform's own pipe. Every case here runs both
 * ways, on the same streams, and must come to the same.
 */
type Pipe = (
  from: ReadableStream<Bytes>,
  to: WritableStream<Uint8Array>,
  options?: StreamPipeOptions,
) => Promise<void>;

const direct: Pipe = (from, to, options) => from.pipeTo(to, options);
const generic: Pipe = (from, to, options) =>
  ReadableStream.prototype.pipeTo.call(from, to, options);

type Case = (scene: PipeScene, pipe: Pipe) => Promise<void>;

function both(name: string, run: Case, options: PairOptions = {}): void {
  for (const [kind, pipe] of [["direct", direct], ["generic", generic]] as const) {
    Deno.test(`pipeTo() ${name} (${kind})`, async () => {
      await using scene = new PipeScene(
        await connectPair("memory", options),
        await connectPair("memory", options),
      );
      await run(scene, pipe);
    });
  }
}

function byteStreamError(readable: ReadableStream): Promise<unknown> {
  return readable.getReader().closed.then(() => "closed", (error) => error);
}

both("passes every byte on, then the end, and leaves both ways back open", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  const data = pattern(1_000_000);
  const piping = pipe(from.readable, to.writable);
  sender.writer.write(data);
  sender.writer.writeEof();
  assertEquals(await receiver.reader.read(), data);
  assertEquals(await piping, undefined);
  scene.assertUnlocked();
  assertEquals(await byteStreamError(from.readable), "closed");
  await to.writable.getWriter().closed;
  receiver.writer.write("back\n");
  from.writer.write("back\n");
  assertEquals(decode(await to.reader.readline()), "back\n");
  assertEquals(decode(await sender.reader.readline()), "back\n");
});

both("passes on first what the reader holds already", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  sender.writer.write("header\nbody ");
  assertEquals(decode(await from.reader.readline()), "header\n");
  const piping = pipe(from.readable, to.writable);
  sender.writer.write("and tail");
  sender.writer.writeEof();
  assertEquals(decode(await receiver.reader.read()), "body and tail");
  await piping;
});

both("with preventClose leaves the destination open for others", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  sender.writer.write("data\n");
  sender.writer.writeEof();
  await pipe(from.readable, to.writable, { preventClose: true });
  scene.assertUnlocked();
  assertEquals(decode(await receiver.reader.readline()), "data\n");
  await scene.assertDestinationLives();
});

both("of a stream that has ended closes the destination", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  sender.writer.writeEof();
  const reader = from.readable.getReader();
  assertEquals((await reader.read()).done, true);
  reader.releaseLock();
  await pipe(from.readable, to.writable);
  assertEquals(await receiver.reader.read(), new Uint8Array(0));
});

both("of a stream that was cancelled closes the destination", async (scene, pipe) => {
  await scene.from.readable.cancel();
  await pipe(scene.from.readable, scene.to.writable);
  assertEquals(await scene.receiver.reader.read(), new Uint8Array(0));
});

both("passes a failure of the source on: the destination is aborted", async (scene, pipe) => {
  const { from, to } = scene;
  const error = new Error("Cable cut");
  const piping = pipe(from.readable, to.writable);
  await settle();
  from.transport.abort(error);
  assertStrictEquals(await assertRejects(() => piping), error);
  scene.assertUnlocked();
  assertStrictEquals(await byteStreamError(from.readable), error);
  await scene.assertDestinationAborted(error);
});

both("of a stream that has failed aborts the destination", async (scene, pipe) => {
  const { from, to } = scene;
  const error = new Error("Cable cut");
  from.transport.abort(error);
  const reader = from.readable.getReader();
  await assertRejects(() => reader.read());
  reader.releaseLock();
  assertStrictEquals(await assertRejects(() => pipe(from.readable, to.writable)), error);
  await scene.assertDestinationAborted(error);
});

both("with preventAbort lets the destination live on", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  const error = new Error("Cable cut");
  sender.writer.write("before\n");
  const piping = pipe(from.readable, to.writable, { preventAbort: true });
  assertEquals(decode(await receiver.reader.readline()), "before\n");
  from.transport.abort(error);
  assertStrictEquals(await assertRejects(() => piping), error);
  scene.assertUnlocked();
  await scene.assertDestinationLives();
});

both("passes a failure of the destination on while the source is silent", async (scene, pipe) => {
  const { from, to } = scene;
  const error = new Error("Cable cut");
  const piping = pipe(from.readable, to.writable);
  await settle();
  to.transport.abort(error);
  assertStrictEquals(await assertRejects(() => piping), error);
  scene.assertUnlocked();
  await scene.assertSourceCancelled();
});

both("passes a failure of the destination on while that takes nothing", async (scene, pipe) => {
  const { sender, from, to } = scene;
  const error = new Error("Cable cut");
  const piping = pipe(from.readable, to.writable);
  sender.writer.write(pattern(2_000_000));
  await settle();
  to.transport.abort(error);
  assertStrictEquals(await assertRejects(() => piping), error);
  scene.assertUnlocked();
  assertEquals(from.reader.atEof(), true);
});

both(
  "into a stream that has failed rejects at once and cancels the source",
  async (scene, pipe) => {
    const { from, to } = scene;
    const error = new Error("Cable cut");
    to.transport.abort(error);
    const writer = to.writable.getWriter();
    await assertRejects(() => writer.closed);
    writer.releaseLock();
    assertStrictEquals(await assertRejects(() => pipe(from.readable, to.writable)), error);
    scene.assertUnlocked();
    await scene.assertSourceCancelled();
  },
);

both(
  "with preventCancel lets the source live on, whose next bytes nobody has touched",
  async (scene, pipe) => {
    const { from, to } = scene;
    const error = new Error("Cable cut");
    const piping = pipe(from.readable, to.writable, { preventCancel: true });
    await settle();
    to.transport.abort(error);
    assertStrictEquals(await assertRejects(() => piping), error);
    scene.assertUnlocked();
    await scene.assertSourceLives();
  },
);

both(
  "into a stream that was closed rejects with TypeError and cancels the source",
  async (scene, pipe) => {
    await scene.to.writable.close();
    await assertRejects(() => pipe(scene.from.readable, scene.to.writable), TypeError);
    scene.assertUnlocked();
    await scene.assertSourceCancelled();
  },
);

both(
  "into a stream that is closing rejects with TypeError and takes nothing",
  async (scene, pipe) => {
    const { sender, from, to } = scene;
    sender.writer.write("kept\n");
    void to.writer.write(pattern(1_000_000));
    const closing = to.writable.close();
    closing.catch(() => {});
    const options = { preventCancel: true };
    await assertRejects(() => pipe(from.readable, to.writable, options), TypeError);
    assertEquals(decode(await from.reader.readline()), "kept\n");
    assertEquals(await stateOf(closing), "pending");
    await scene.receiver.reader.readexactly(1_000_000);
    await closing;
  },
);

both("into a direction that was ended rejects with the reason", async (scene, pipe) => {
  const { sender, from, to } = scene;
  to.writer.writeEof();
  const piping = pipe(from.readable, to.writable);
  sender.writer.write("data");
  await assertRejects(() => piping, Error, "writeEof() was called");
  scene.assertUnlocked();
  assertEquals(from.reader.atEof(), true);
  await assertRejects(() => to.writable.getWriter().closed, Error, "writeEof() was called");
});

both("with a signal that is aborted takes nothing, cancels and aborts", async (scene, pipe) => {
  const { sender, from, to } = scene;
  sender.writer.write("data");
  const reason = new Error("Too late");
  const signal = AbortSignal.abort(reason);
  const piping = pipe(from.readable, to.writable, { signal });
  assertStrictEquals(await assertRejects(() => piping), reason);
  scene.assertUnlocked();
  await scene.assertDestinationAborted(reason);
  await scene.assertSourceCancelled();
});

both("with a signal stops while the source is silent, cancels and aborts", async (scene, pipe) => {
  const { from, to } = scene;
  const controller = new AbortController();
  const piping = pipe(from.readable, to.writable, { signal: controller.signal });
  await settle();
  const reason = new Error("Enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => piping), reason);
  scene.assertUnlocked();
  await scene.assertDestinationAborted(reason);
  await scene.assertSourceCancelled();
});

both(
  "with a signal and every prevent option stops and leaves both as they are",
  async (scene, pipe) => {
    const { sender, from, to, receiver } = scene;
    const controller = new AbortController();
    const piping = pipe(from.readable, to.writable, {
      signal: controller.signal,
      preventAbort: true,
      preventCancel: true,
    });
    sender.writer.write("piped\n");
    assertEquals(decode(await receiver.reader.readline()), "piped\n");
    controller.abort();
    // Bytes that come before that may still be piped.
    await assertRejects(() => piping, DOMException);
    sender.writer.write("kept\n");
    scene.assertUnlocked();
    assertEquals(decode(await from.reader.readline()), "kept\n");
    await scene.assertSourceLives();
    await scene.assertDestinationLives();
  },
);

both("with a signal loses nothing that waits for a slow destination", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  const data = pattern(2_000_000);
  const controller = new AbortController();
  const piping = pipe(from.readable, to.writable, {
    signal: controller.signal,
    preventAbort: true,
    preventCancel: true,
  });
  const rejected = assertRejects(() => piping);
  sender.writer.write(data);
  sender.writer.writeEof();
  await settle();
  controller.abort();
  const received: Uint8Array[] = [];
  const receiving = (async () => {
    while (!receiver.reader.atEof()) received.push(await receiver.reader.read(100_000));
  })();
  await rejected;
  const rest = await from.reader.read();
  to.writer.writeEof();
  await receiving;
  const piped = received.reduce((sum, { length }) => sum + length, 0);
  assert(piped > 0 && rest.length > 0, `${piped} piped, ${rest.length} left`);
  assertEquals(new Uint8Array([...received.flatMap((part) => [...part]), ...rest]), data);
});

both("locks both streams while it lasts", async (scene, pipe) => {
  const { from, to } = scene;
  const piping = pipe(from.readable, to.writable, { preventAbort: true });
  for (const moment of ["at once", "later"]) {
    assertEquals([from.readable.locked, to.writable.locked], [true, true], moment);
    assertThrows(() => from.readable.getReader(), TypeError);
    assertThrows(() => to.writable.getWriter(), TypeError);
    await assertRejects(() => pipe(from.readable, new WritableStream()), TypeError);
    await assertRejects(() => pipe(scene.receiver.readable, to.writable), TypeError);
    await settle();
  }
  await assertRejects(() => from.reader.read(1), Error, "another read is already waiting");
  from.transport.abort(new Error("Cable cut"));
  await assertRejects(() => piping);
});

both(
  "rejects for a locked source and for a locked destination, and touches neither",
  async (scene, pipe) => {
    const reader = scene.from.readable.getReader();
    await assertRejects(() => pipe(scene.from.readable, scene.to.writable), TypeError);
    reader.releaseLock();
    const writer = scene.to.writable.getWriter();
    await assertRejects(() => pipe(scene.from.readable, scene.to.writable), TypeError);
    writer.releaseLock();
    scene.assertUnlocked();
    await scene.assertSourceLives();
    await scene.assertDestinationLives();
  },
);

both("comes after what the destination has in its own queue", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  sender.writer.write("piped");
  sender.writer.writeEof();
  const writer = to.writable.getWriter();
  const head = pattern(1_000_000);
  void writer.write(head);
  void writer.write(encode("written before "));
  writer.releaseLock();
  const piping = pipe(from.readable, to.writable);
  await settle();
  assertEquals(await receiver.reader.readexactly(head.length), head);
  assertEquals(decode(await receiver.reader.read()), "written before piped");
  await piping;
});

both("holds the sender back while the receiver does not read", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  const piping = pipe(from.readable, to.writable);
  const chunk = pattern(10_000);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 10_000_000; sent += chunk.length) {
      sender.writer.write(chunk);
      await sender.writer.drain();
    }
    sender.writer.writeEof();
  })();
  await untilStill(() => sent);
  assert(sent < 2_000_000, `${sent} bytes were accepted`);
  assert(to.transport.getWriteBufferSize() < 200_000);
  const read = async () => {
    let received = 0;
    while (!receiver.reader.atEof()) received += (await receiver.reader.read(65_536)).length;
    return received;
  };
  assertEquals(await read(), 10_000_000);
  await Promise.all([piping, sending]);
});

both("may be repeated, with other reads and writes in between", async (scene, pipe) => {
  const { sender, from, to, receiver } = scene;
  for (let round = 0; round < 5; round++) {
    const controller = new AbortController();
    const piping = pipe(from.readable, to.writable, {
      signal: controller.signal,
      preventAbort: true,
      preventCancel: true,
    });
    sender.writer.write(`piped ${round}\n`);
    assertEquals(decode(await receiver.reader.readline()), `piped ${round}\n`);
    controller.abort();
    await assertRejects(() => piping);
    sender.writer.write(`read ${round}\n`);
    assertEquals(decode(await from.reader.readline()), `read ${round}\n`);
    to.writer.write(`written ${round}\n`);
    assertEquals(decode(await receiver.reader.readline()), `written ${round}\n`);
  }
});

both("of a connection into itself echoes", async ({ sender, from }, pipe) => {
  const piping = pipe(from.readable, from.writable);
  sender.writer.write("hello\n");
  assertEquals(decode(await sender.reader.readline()), "hello\n");
  sender.writer.writeEof();
  assertEquals(await sender.reader.read(), new Uint8Array(0));
  await piping;
});

both("ends with everything else when the connection is handed over", async (scene, pipe) => {
  const { from, to } = scene;
  const piping = pipe(from.readable, to.writable, { preventAbort: true });
  await settle();
  from.switchProtocol({});
  await assertRejects(() => piping, Error, "was handed over");
  await scene.assertDestinationLives();
});

/** How often the platform's own pipe is used while `run` runs. */
async function countGeneric(run: () => Promise<unknown>): Promise<number> {
  const { prototype } = ReadableStream;
  const { pipeTo } = prototype;
  let count = 0;
  prototype.pipeTo = function (this: ReadableStream, ...args): Promise<void> {
    count++;
    return pipeTo.apply(this, args);
  };
  try {
    await run();
  } finally {
    prototype.pipeTo = pipeTo;
  }
  return count;
}

Deno.test("pipeTo() uses the direct path between connections only, and only into an empty queue", async () => {
  await using left = await connectPair();
  await using right = await connectPair();
  left.a.writer.write("data");
  left.a.writer.writeEof();
  const plain = () => left.b.readable.pipeTo(right.a.writable, { preventClose: true });
  assertEquals(await countGeneric(plain), 0);
  const elsewhere = () => right.a.readable.pipeTo(new WritableStream());
  right.b.writer.writeEof();
  assertEquals(await countGeneric(elsewhere), 1);
});

Deno.test("pipeTo() stops at once for its signal while the destination takes nothing (direct)", async () => {
  await using left = await connectPair();
  await using right = await connectPair();
  const controller = new AbortController();
  const { signal } = controller;
  const piping = left.b.readable.pipeTo(right.a.writable, { signal });
  left.a.writer.write(pattern(2_000_000));
  await settle();
  const reason = new Error("Enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => piping), reason);
  assertStrictEquals((await right.a.closed).error, reason);
});

Deno.test("pipeTo() leaves its bytes to a read in the turn of abort() (direct)", async () => {
  await using left = await connectPair();
  await using right = await connectPair();
  const controller = new AbortController();
  const piping = left.b.readable.pipeTo(right.a.writable, {
    signal: controller.signal,
    preventAbort: true,
    preventCancel: true,
  });
  const rejected = assertRejects(() => piping);
  await turn();
  controller.abort();
  const line = left.b.reader.readline();
  left.a.writer.write("mine\n");
  assertEquals(decode(await line), "mine\n");
  await rejected;
});

Deno.test("pipeTo() gets the bytes that an aborted pipe of the other kind waited for", async () => {
  for (const [first, second] of [[generic, direct], [direct, generic]] as const) {
    await using left = await connectPair();
    await using right = await connectPair();
    const start = (pipe: Pipe) => {
      const controller = new AbortController();
      const piping = pipe(left.b.readable, right.a.writable, {
        signal: controller.signal,
        preventAbort: true,
        preventCancel: true,
      });
      return { controller, rejected: assertRejects(() => piping) };
    };
    for (const pipe of [first, second]) {
      const { controller, rejected } = start(pipe);
      await settle();
      controller.abort();
      await rejected;
    }
    const { controller, rejected } = start(second);
    left.a.writer.write("piped");
    assertEquals(decode(await right.b.reader.readexactly(5)), "piped");
    controller.abort();
    await rejected;
    left.a.writer.write("read");
    assertEquals(decode(await left.b.reader.readexactly(4)), "read");
  }
});

Deno.test("pipeTo() takes null for no options, as any pipeTo() does (direct)", async () => {
  await using left = await connectPair();
  await using right = await connectPair();
  left.a.writer.writeEof();
  await left.b.readable.pipeTo(right.a.writable, null as unknown as StreamPipeOptions);
});
