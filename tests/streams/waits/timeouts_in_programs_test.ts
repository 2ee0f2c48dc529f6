/** Programs with timeouts that lost bytes, hung or leaked elsewhere. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  createConnection,
  createServer,
  openConnection,
  startServer,
  StreamReader,
  TimeoutError,
} from "@sluice/net";
import { sniff } from "@sluice/net/streams";
import { sniffProtocol } from "@sluice/net/transports";
import { settle } from "../../support/time/event_loop.ts";
import { ReplacedClock } from "../../support/time/replaced_clock.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { encode } from "../../support/text.ts";

Deno.test("A read directly after one that timed out is not a concurrent read, and gets all bytes", async () => {
  using clock = new ReplacedClock();
  const reader = new StreamReader();
  reader.feedData(encode("half "));
  const lines: Promise<string>[] = [];
  const again = async (): Promise<string> => {
    try {
      return await reader.readline({ as: "text", timeout: 10 });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      return await reader.readline({ as: "text" });
    }
  };
  lines.push(again());
  await settle();
  clock.advance(10);
  reader.feedData(encode("a line\n"));
  assertEquals(await Promise.all(lines), ["half a line\n"]);
});

Deno.test("A timeout holds for the whole read, however many bytes trickle in", async () => {
  using clock = new ReplacedClock();
  const reader = new StreamReader();
  const reading = reader.readline({ timeout: 50 });
  reading.catch(() => {});
  for (let i = 0; i < 4; i++) {
    await settle();
    clock.advance(12);
    reader.feedData(encode("x"));
  }
  await settle();
  clock.advance(2);
  await assertRejects(() => reading, TimeoutError);
  assertEquals(reader.takeBuffered(), encode("xxxx"));
});

Deno.test("A timeout ends a read that receives bytes without a pause", async () => {
  const reader = new StreamReader();
  let isOver = false;
  const reading = reader.read(-1, { timeout: 5 }).catch((error) => {
    isOver = true;
    return error;
  });
  // No timer gets its turn between these: the clock alone says that the time is over.
  while (!isOver) {
    reader.feedData(encode("x"));
    await Promise.resolve();
  }
  assertInstanceOf(await reading, TimeoutError);
});

Deno.test("A line that a timeout cuts in the middle of a character is whole afterwards", async () => {
  using clock = new ReplacedClock();
  const reader = new StreamReader();
  const bytes = encode("größer €\n");
  for (let at = 0; at < bytes.length; at++) {
    const reading = reader.readline({ as: "text", timeout: 5, invalid: "error" });
    reading.catch(() => {});
    reader.feedData(bytes.slice(at, at + 1));
    await settle();
    clock.advance(5);
    if (at < bytes.length - 1) await assertRejects(() => reading, TimeoutError);
    else assertEquals(await reading, "größer €\n");
  }
});

Deno.test("Waits leave no listener on a signal that lives long", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await using pair = await connectPair();
  for (let i = 0; i < 20; i++) {
    const reading = pair.a.reader.readline({ signal, timeout: 10_000 });
    await settle();
    assertEquals(listeners, 1);
    pair.b.writer.write("line\n");
    await reading;
    pair.b.writer.write("ready\n");
    await pair.a.reader.peek(6);
    // Bytes that are there are read without a timer or a listener.
    await pair.a.reader.readline({ signal, timeout: 10_000 });
  }
  assertEquals(listeners, 0);
});

Deno.test("An exchange of many small packets with a timeout on each read never waits for it", async () => {
  await using server = await startServer(async ({ reader, writer }) => {
    for await (const line of reader) writer.write(line);
  }, { port: 0 });
  await using client = await openConnection({ port: server.port });
  for (let i = 0; i < 1000; i++) {
    client.writer.write(`${i}\n`);
    assertEquals(
      await client.reader.readline({ as: "text", timeout: 600_000 }),
      `${i}\n`,
    );
  }
});

Deno.test("A loop over lines ends after bytes were unread at the end of the data", async () => {
  const reader = StreamReader.from(new Blob(["one\ntwo"]).stream());
  reader.unread(await reader.read());
  const lines: string[] = [];
  for await (const line of reader.lines({ timeout: 1000 })) lines.push(line);
  assertEquals(lines, ["one", "two"]);
});

Deno.test("A silent client that is being sniffed does not delay the shutdown of a server", async () => {
  const servers = [
    await startServer((connection) => sniff(connection, { http: () => {} }, { timeout: 600_000 }), {
      port: 0,
    }),
    await createServer(sniffProtocol({ http: () => ({}) }, { timeout: 600_000 }), { port: 0 }),
  ];
  for (const server of servers) {
    const made = Promise.withResolvers<void>();
    const { transport } = await createConnection(
      () => ({ connectionMade: () => made.resolve() }),
      { port: server.port },
    );
    await made.promise;
    while (server.connections.size === 0) await settle();
    const serving = server.serveUntilSignal({ grace: 600_000, closeClients: true });
    server.close();
    const { aborted } = await serving;
    assert(aborted === 0);
    transport.abort();
    await transport.closed;
  }
});
