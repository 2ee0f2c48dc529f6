import { assert, assertEquals, assertRejects } from "@std/assert";
import { IncompleteSendError, InvalidStateError } from "../../../../protocols/errors.ts";
import { startServer } from "../../../../streams/servers/start_server.ts";
import type { StreamReader } from "../../../../streams/reading/stream_reader.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { counters } from "../../../../transports/layers/counters.ts";
import { sendFile } from "../../../../transports/send_file.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import { CountedEpoll } from "../../../support/doubles/counted_epoll.ts";
import { untilStill } from "../../../support/time/event_loop.ts";
import { openDescriptors } from "../../../support/runs/open_descriptors.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import { pattern } from "../../../support/text.ts";
import { reactorRests } from "../../../support/runs/reactor_rests.ts";

const MEBIBYTE = 1_048_576;

interface Scene {
  readonly epoll: CountedEpoll;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly transport: Transport;
  /** The memory that the peer reads into; it takes nothing before. */
  readonly reader: StreamReader;
}

function test(
  name: string,
  size: number,
  use: (scene: Scene) => Promise<void>,
  fails?: (name: string) => number,
  layers = [] as Parameters<typeof createConnection>[1]["layers"],
): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const epoll = new CountedEpoll(fails);
      const path = await Deno.makeTempFile();
      const bytes = pattern(size);
      await Deno.writeFile(path, bytes);
      const accepted = Promise.withResolvers<StreamReader>();
      const over = Promise.withResolvers<void>();
      const place = { path: await socketPath() };
      const server = await startServer(async ({ reader }) => {
        accepted.resolve(reader);
        await over.promise;
      }, { ...place, limit: 1024 });
      const { transport } = await createConnection(() => ({}), {
        ...place,
        network: epoll.network,
        ...(layers && { layers }),
      });
      try {
        await use({ epoll, path, bytes, transport, reader: await accepted.promise });
      } finally {
        transport.abort();
        await transport.closed;
        over.resolve();
        await server.shutdown({ grace: 0 });
        await Deno.remove(path);
      }
      await reactorRests();
      assertEquals([...epoll.libc.open], []);
      assertEquals(epoll.libc.faults, []);
      // Once it is removed, the system says so with its name; it is closed a little later.
      const left = () => openDescriptors().filter((name) => name.startsWith(path));
      await untilStill(() => left().length);
      assertEquals(left(), []);
    },
  });
}

test(
  "sendFile() on epollNetwork has the system send, in order with what is written",
  3_000_000,
  async (scene) => {
    const { epoll, path, bytes, transport, reader } = scene;
    transport.write("<");
    const progress: number[] = [];
    const sending = sendFile(transport, path, { onProgress: (n) => progress.push(n) });
    assertEquals(await reader.readexactly(1), new Uint8Array([60]));
    assertEquals(await reader.readexactly(bytes.length), bytes);
    assertEquals(await sending, bytes.length);
    assertEquals(progress.at(-1), bytes.length);
    transport.write(">");
    assertEquals(await reader.readexactly(1), new Uint8Array([62]));
    assert(epoll.count("sendfile") > 0);
    assertEquals(epoll.count("send"), 2);
    transport.close();
    const { bytesWritten, error } = await transport.closed;
    assertEquals([bytesWritten, error], [bytes.length + 2, null]);
  },
);

test("sendFile() on epollNetwork sends ranges by path and URL", 10_000, async (scene) => {
  const { path, bytes, transport, reader, epoll } = scene;
  for (const [offset, count] of [[0, 1], [5, 9000], [10_000, 0], [9999, 1]] as const) {
    const url = new URL(`file://${path}`);
    assertEquals(await sendFile(transport, count > 1 ? url : path, { offset, count }), count);
    if (count > 0) {
      assertEquals(await reader.readexactly(count), bytes.slice(offset, offset + count));
    }
  }
  assertEquals(epoll.count("send"), 0);
});

test(
  "sendFile() on epollNetwork ends when the file has become shorter, and sends no other byte",
  8 * MEBIBYTE,
  async (scene) => {
    const { path, bytes, transport, reader } = scene;
    const sending = sendFile(transport, path);
    // The peer takes nothing more for now, so the end is still to be sent.
    assertEquals(await reader.readexactly(1), bytes.slice(0, 1));
    // In the middle of a part.
    const end = 7 * MEBIBYTE + 5000;
    await Deno.truncate(path, end);
    const rest = reader.readexactly(end - 1);
    const error = await assertRejects(() => sending, IncompleteSendError);
    assertEquals([error.sent, error.expected], [end, 8 * MEBIBYTE]);
    assertEquals(await rest, bytes.slice(1, end));
    assertEquals(transport.getWriteBufferSize(), 0);
    transport.write("on");
    assertEquals(new TextDecoder().decode(await reader.readexactly(2)), "on");
  },
);

test(
  "sendFile() on epollNetwork sends what the file had when it began, though it grows",
  2 * MEBIBYTE,
  async (scene) => {
    const { path, bytes, transport, reader } = scene;
    const sending = sendFile(transport, path);
    await reader.readexactly(1);
    await Deno.writeFile(path, pattern(MEBIBYTE), { append: true });
    assertEquals(await reader.readexactly(2 * MEBIBYTE - 1), bytes.slice(1));
    assertEquals(await sending, 2 * MEBIBYTE);
  },
);

test(
  "sendFile() on epollNetwork that is aborted still sends what it has handed over",
  8 * MEBIBYTE,
  async (scene) => {
    const { path, bytes, transport, reader } = scene;
    const controller = new AbortController();
    const sending = sendFile(transport, path, { signal: controller.signal });
    await reader.readexactly(1);
    const reason = new Error("Enough");
    controller.abort(reason);
    await assertRejects(() => sending, Error, "Enough");
    // The file is another's now: what goes out is still that of before.
    transport.write("end");
    transport.close();
    const received = await reader.read();
    const { bytesWritten } = await transport.closed;
    assertEquals(received.length, bytesWritten - 1);
    assertEquals(received.slice(0, -3), bytes.slice(1, bytesWritten - 3));
  },
);

test(
  "sendFile() on epollNetwork fails when the connection is lost, and leaves no file open",
  8 * MEBIBYTE,
  async (scene) => {
    const { path, transport, reader } = scene;
    const sending = sendFile(transport, path);
    await reader.readexactly(1);
    const lost = new Error("Cable cut");
    transport.abort(lost);
    await assertRejects(() => sending, Error, "Cable cut");
  },
);

test(
  "sendFile() through a layer on epollNetwork reads the file, as on every network",
  100_000,
  async (scene) => {
    const { epoll, path, bytes, transport, reader } = scene;
    const sending = sendFile(transport, path);
    assertEquals(await reader.readexactly(bytes.length), bytes);
    await sending;
    assertEquals(epoll.count("sendfile"), 0);
  },
  undefined,
  [counters()],
);

test("sendFile() reads a file that the system cannot send by itself", 200_000, async (scene) => {
  const { path, bytes, transport, reader } = scene;
  const progress: number[] = [];
  const sending = sendFile(transport, path, { offset: 5, onProgress: (n) => progress.push(n) });
  assertEquals(await reader.readexactly(bytes.length - 5), bytes.slice(5));
  assertEquals(await sending, bytes.length - 5);
  assertEquals(progress.at(-1), bytes.length - 5);
}, (name) => name === "sendfile" ? 22 : 0);

/** Whether the system can send no more of a file. */
let isUnable = false;

test(
  "sendFile() counts all that was sent when the file ends after the system could not go on",
  MEBIBYTE,
  async (scene) => {
    const { path, transport, reader } = scene;
    // The system sends the first part only, and meanwhile the file has become shorter.
    const end = 300_000;
    const progress: number[] = [];
    const cut = (): void => {
      Deno.truncateSync(path, end);
      isUnable = true;
    };
    const sending = sendFile(transport, path, {
      onProgress: (sent) => progress.push(sent) === 1 ? cut() : undefined,
    });
    const received = reader.readexactly(end);
    const error = await assertRejects(() => sending, IncompleteSendError);
    assertEquals([error.sent, error.expected], [end, MEBIBYTE]);
    assertEquals(await received, scene.bytes.slice(0, end));
    assertEquals(progress, progress.toSorted((a, b) => a - b));
    assertEquals(progress.at(-1), end);
  },
  (name) => name === "sendfile" && isUnable ? 22 : 0,
);

test(
  "sendFile() rejects when the disk fails, and the connection stays open",
  1000,
  async (scene) => {
    const { path, transport, reader } = scene;
    await assertRejects(() => sendFile(transport, path), Error, "os error 5");
    transport.write("on");
    assertEquals(new TextDecoder().decode(await reader.readexactly(2)), "on");
  },
  (name) => name === "sendfile" ? 5 : 0,
);

test(
  "sendFile() on epollNetwork ends at a file that has less than it says",
  1,
  async ({ transport }) => {
    // Of sysfs: 4096 bytes, and in truth one line.
    const path = "/sys/class/net/lo/address";
    const error = await assertRejects(() => sendFile(transport, path), IncompleteSendError);
    assert(error.sent > 0 && error.sent < error.expected, `${error.sent} of ${error.expected}`);
    assertEquals(await sendFile(transport, "/proc/self/status"), 0);
  },
);

test(
  "sendFile() on epollNetwork refuses values that are not files, and sends nothing",
  10,
  async (scene) => {
    const { path, transport } = scene;
    await assertRejects(() => sendFile(transport, "/tmp"), TypeError, "a folder");
    await assertRejects(() => sendFile(transport, "/dev/zero"), TypeError, "no regular file");
    await assertRejects(() => sendFile(transport, `${path}.none`), Deno.errors.NotFound);
    await assertRejects(() => sendFile(transport, path, { offset: 11 }), RangeError, "10 bytes");
    assertEquals(transport.getWriteBufferSize(), 0);
  },
);

test(
  "sendFile() on epollNetwork ends when the file has become shorter than what waits to be sent",
  8 * MEBIBYTE,
  async (scene) => {
    const { path, transport, reader, epoll } = scene;
    const sending = sendFile(transport, path);
    await reader.readexactly(1);
    // The system has no more room.
    await untilStill(() => epoll.count("sendfile"));
    assert(transport.getWriteBufferSize() > 0);
    await Deno.truncate(path, 0);
    const rest = reader.read();
    const { sent } = await assertRejects(() => sending, IncompleteSendError);
    assertEquals(transport.getWriteBufferSize(), 0);
    transport.close();
    assertEquals((await rest).length, sent - 1);
  },
);

test("sendFile() on epollNetwork after writeEof() leaves no file open", 10, async (scene) => {
  const { path, transport } = scene;
  transport.writeEof();
  await assertRejects(() => sendFile(transport, path), InvalidStateError, "writeEof() was called");
});
