import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import type { Connected } from "../../../transports/core/connect_carrier.ts";
import {
  connectReadPipe,
  connectWritePipe,
} from "../../../transports/carriers/pipes/connect_pipes.ts";
import { settle } from "../../support/time/event_loop.ts";
import { Fifo } from "../../support/places/fifo.ts";
import { posixTest as test } from "../../support/runs/posix_test.ts";

const make = () => new RecordingProtocol();

/** Both ends of a FIFO, each on a transport. */
async function connectFifo(path: string): Promise<
  Record<"reading" | "writing", Connected<RecordingProtocol>>
> {
  const [reading, writing] = await Promise.all([
    connectReadPipe(make, path),
    connectWritePipe(make, path),
  ]);
  return { reading, writing };
}

test("connectReadPipe() tells data, the end and connectionLost(null), with any answer of eofReceived", async () => {
  using fifo = new Fifo();
  const [reading, writing] = await Promise.all([
    connectReadPipe(() => new RecordingProtocol({ eofReceived: () => true }), fifo.path),
    connectWritePipe(make, fifo.path),
  ]);
  writing.transport.write("some");
  writing.transport.close();
  const { endedBy, error, bytesRead } = await reading.transport.closed;
  assertEquals({ endedBy, error, bytesRead }, { endedBy: "peer", error: null, bytesRead: 4 });
  assertEquals(reading.protocol.order, [
    "connectionMade",
    "dataReceived",
    "eofReceived",
    "connectionLost",
  ]);
});

test("connectReadPipe(): a paused pipe makes its writer wait, and goes on when it is resumed, both twice", async () => {
  using fifo = new Fifo();
  const { reading, writing } = await connectFifo(fifo.path);
  reading.transport.pauseReading();
  reading.transport.pauseReading();
  assertEquals(reading.transport.isReading(), false);
  writing.transport.write(new Uint8Array(1_000_000));
  writing.transport.close();
  await settle();
  assert(reading.protocol.received.length <= 65_536);
  reading.transport.resumeReading();
  reading.transport.resumeReading();
  await reading.transport.closed;
  assertEquals(reading.protocol.received.length, 1_000_000);
});

test("connectReadPipe(): close() with a read pending ends it at once, and a second one does nothing", async () => {
  using fifo = new Fifo();
  const { reading, writing } = await connectFifo(fifo.path);
  reading.transport.close();
  reading.transport.close();
  assertEquals((await reading.transport.closed).endedBy, "local");
  assertEquals(reading.protocol.order, ["connectionMade", "connectionLost"]);
  writing.transport.close();
  await writing.transport.closed;
});

test("connectReadPipe(): its transport throws InvalidStateError for what it cannot do", async () => {
  using fifo = new Fifo();
  const { reading, writing } = await connectFifo(fifo.path);
  const { transport } = reading;
  assertThrows(() => transport.write("x"), InvalidStateError, "pipe to read from");
  assertThrows(() => transport.writelines(["x"]), InvalidStateError, "pipe to read from");
  assertThrows(() => transport.writeEof(), InvalidStateError, "half-close");
  assertEquals(transport.canWriteEof(), false);
  assertEquals(transport.getExtraInfo("pipe"), fifo.path);
  writing.transport.close();
  await transport.closed;
});

test("connectWritePipe(): writeEof() sends what is queued, then closes", async () => {
  using fifo = new Fifo();
  const { reading, writing } = await connectFifo(fifo.path);
  const { transport } = writing;
  transport.write(new Uint8Array(300_000));
  assertEquals(transport.canWriteEof(), true);
  transport.writeEof();
  transport.writeEof();
  assertEquals(transport.isClosing(), true);
  // As after any close.
  transport.write("dropped");
  const { bytesWritten, bytesUnsent } = await transport.closed;
  assertEquals({ bytesWritten, bytesUnsent }, { bytesWritten: 300_000, bytesUnsent: 0 });
  await reading.transport.closed;
  assertEquals(reading.protocol.received.length, 300_000);
  assertEquals(writing.protocol.order, [
    "connectionMade",
    "pauseWriting",
    "resumeWriting",
    "connectionLost",
  ]);
});

test("connectWritePipe(): an empty write buffer means that the bytes are in the pipe", async () => {
  using fifo = new Fifo();
  const file = await Deno.open(fifo.path, { read: true, write: true });
  const { transport, protocol } = await connectWritePipe(make, fifo.path);
  transport.setWriteBufferLimits({ high: 0 });
  assertEquals(transport.write("not held back a bit"), false);
  await protocol.until("resumeWriting");
  assertEquals(transport.getWriteBufferSize(), 0);
  const buffer = new Uint8Array(100);
  assertEquals(await file.read(buffer), 19);
  file.close();
  transport.close();
  await transport.closed;
});

test("connectWritePipe(): a reader that has left is BrokenPipe at the next write", async () => {
  using fifo = new Fifo();
  const opened = Deno.open(fifo.path, { read: true });
  const { transport, protocol } = await connectWritePipe(make, fifo.path);
  (await opened).close();
  transport.write("to no one");
  const { error, bytesUnsent } = await transport.closed;
  assert(error instanceof Deno.errors.BrokenPipe);
  assertEquals(bytesUnsent, 9);
  assertEquals(protocol.order, ["connectionMade", "connectionLost"]);
});

test("connectWritePipe(): abort() drops what is queued and tells the reason", async () => {
  using fifo = new Fifo();
  const { reading, writing } = await connectFifo(fifo.path);
  reading.transport.pauseReading();
  writing.transport.write(new Uint8Array(1_000_000));
  const reason = new Error("enough");
  writing.transport.abort(reason);
  const { error, bytesUnsent } = await writing.transport.closed;
  assertEquals(error, reason);
  assert(bytesUnsent > 0);
  // A write that the system has begun ends with its reader.
  reading.transport.resumeReading();
  await reading.transport.closed;
});

test("connectReadPipe() and connectWritePipe() take open files", async () => {
  const path = await Deno.makeTempFile();
  const file = await Deno.open(path, { write: true });
  const { transport } = await connectWritePipe(make, file);
  transport.writelines(["one ", "two"]);
  transport.close();
  await transport.closed;
  const reading = await connectReadPipe(make, await Deno.open(path));
  await reading.transport.closed;
  assertEquals(reading.protocol.receivedText, "one two");
  assertThrows(() => file.close(), Deno.errors.BadResource);
  await Deno.remove(path);
});

test("The option signal ends the wait for the other end of a FIFO, which can be used afterwards", async () => {
  for (const connect of [connectReadPipe, connectWritePipe]) {
    using fifo = new Fifo();
    const controller = new AbortController();
    const connecting = connect(make, fifo.path, { signal: controller.signal });
    await settle();
    controller.abort();
    const error = await connecting.catch((error: unknown) => error);
    assertEquals(error, controller.signal.reason);
    await assertRejects(
      () => connect(make, fifo.path, { signal: controller.signal }),
      DOMException,
      "abort",
    );
    const { reading, writing } = await connectFifo(fifo.path);
    writing.transport.write("still a pipe");
    writing.transport.close();
    await reading.transport.closed;
    assertEquals(reading.protocol.receivedText, "still a pipe");
  }
});

test("connectReadPipe() and connectWritePipe() refuse a file that is not a pipe, with an error that says so", async () => {
  for (const connect of [connectReadPipe, connectWritePipe]) {
    for (const pipe of [null, undefined, {}, new ReadableStream()]) {
      await assertRejects(
        () => Reflect.apply(connect, null, [make, pipe]),
        TypeError,
        "not a path",
      );
    }
    for (const pipe of [-1, 1.5, NaN]) {
      await assertRejects(
        () => Reflect.apply(connect, null, [make, pipe]),
        RangeError,
        "descriptor",
      );
    }
    await assertRejects(
      () => connect(make, 987),
      Deno.errors.NotFound,
      "Cannot open descriptor 987",
    );
    await assertRejects(
      () => connect(make, "/no/pipe"),
      Deno.errors.NotFound,
      "Cannot open /no/pipe",
    );
    const refused = () => Reflect.apply(connect, null, [make, "/dev/null", { timeout: 5 }]);
    await assertRejects(refused, TypeError, 'no option "timeout"');
    await assertRejects(() => Reflect.apply(connect, null, [null, "/dev/null"]), TypeError);
  }
});

test("connectReadPipe() and connectWritePipe() do not take the file over once their signal has aborted", async () => {
  const signal = AbortSignal.abort(new Error("Enough"));
  const path = await Deno.makeTempFile();
  const file = await Deno.open(path, { read: true, write: true });
  for (const connect of [connectReadPipe, connectWritePipe]) {
    for (const pipe of [file, path, 77]) {
      await assertRejects(() => connect(() => ({}), pipe, { signal }), Error, "Enough");
    }
  }
  // It is still open, and ours.
  assertEquals(await file.write(new Uint8Array(1)), 1);
  file.close();
  await Deno.remove(path);
});

test("A failure of the system ends a pipe, and connectionLost gets it", async () => {
  const folder = await connectReadPipe(make, "/");
  const { endedBy, error } = await folder.transport.closed;
  assertEquals(endedBy, "error");
  assert(error !== null && error.message.startsWith("Cannot read from "), String(error));
  assertEquals(folder.protocol.order, ["connectionMade", "connectionLost"]);
  const { transport } = await connectWritePipe(make, await Deno.open("/dev/null", { read: true }));
  transport.write("x");
  assert((await transport.closed).error?.message.startsWith("Cannot write to "));
});

test("StreamConnection.over() puts a reader, or a writer, on a pipe", async () => {
  using fifo = new Fifo();
  const { reading, writing } = await connectFifo(fifo.path);
  const { reader } = StreamConnection.over(reading.transport);
  const { writer } = StreamConnection.over(writing.transport);
  writer.write("one\ntwo\n");
  await writer.flush();
  assertEquals(await reader.readline(), new TextEncoder().encode("one\n"));
  writer.close();
  assertEquals(await Array.fromAsync(reader.lines()), ["two"]);
  await reading.transport.closed;
});

test("connectReadPipe() closes the file if the factory throws", async () => {
  const file = await Deno.open("/dev/null");
  await assertRejects(
    () =>
      connectReadPipe(() => {
        throw new Error("no protocol");
      }, file),
    Error,
    "no protocol",
  );
  assertThrows(() => file.close(), Deno.errors.BadResource);
});

const INHERITED = new URL("./inherited_pipes.ts", import.meta.url).pathname;

for (
  const [what, permission, redirection] of [
    [
      "pipes",
      "--no-prompt",
      `echo hello | ( exec 3<&0 4>&1 1>&2 </dev/null; "$@" 2>&1 1>"$OUT" ) | cat`,
    ],
    [
      "files",
      "--allow-all",
      `echo hello >"$OUT.in"; "$@" 3<"$OUT.in" 4>"$OUT.up" >"$OUT"; cat "$OUT.up"`,
    ],
  ] as const
) {
  test(`connectReadPipe() and connectWritePipe() take inherited descriptors: ${what}`, async () => {
    const folder = await Deno.makeTempDir();
    const { stdout, code } = await new Deno.Command("sh", {
      args: [
        "-c",
        redirection,
        "sh",
        Deno.execPath(),
        ...["run", "--no-check", permission, INHERITED],
      ],
      env: { OUT: `${folder}/out` },
      stdin: "null",
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "HELLO\n");
    assertEquals(await Deno.readTextFile(`${folder}/out`), "peer, 6 bytes\n");
    assertEquals(code, 0);
    await Deno.remove(folder, { recursive: true });
  });
}
