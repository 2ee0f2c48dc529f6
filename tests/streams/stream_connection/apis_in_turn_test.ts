import { assert, assertEquals } from "@std/assert";
import { TextLineStream, toText } from "@std/streams";
import { startServer } from "../../../streams/servers/start_server.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";
import { pausedReading } from "../../support/doubles/paused_reading.ts";

/** The faces of one connection, one after the other. */

for (const medium of ["memory", "tcp"] as const) {
  Deno.test(`A header by readline(), then the rest by pipeTo() (${medium})`, async () => {
    await using left = await connectPair(medium);
    await using right = await connectPair(medium);
    const body = pattern(200_000);
    left.a.writer.write("CONNECT somewhere\n");
    left.a.writer.write(body);
    left.a.writer.writeEof();
    assertEquals(decode(await left.b.reader.readline()), "CONNECT somewhere\n");
    const piping = left.b.readable.pipeTo(right.a.writable);
    assertEquals(await right.b.reader.read(), body);
    await piping;
  });

  Deno.test(`BYOB reads, then readexactly(), then a default reader, then lines() (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    a.writer.write("0123456789abcdefghij");
    const byob = b.readable.getReader({ mode: "byob" });
    const first = await byob.read(new Uint8Array(4), { min: 4 });
    byob.releaseLock();
    const second = await b.reader.readexactly(6);
    const web = b.readable.getReader();
    const third = await web.read();
    web.releaseLock();
    assert(first.value && third.value);
    assertEquals([first.value, second, third.value].map(decode), ["0123", "456789", "abcdefghij"]);
    a.writer.write("one\ntwo\n");
    a.writer.writeEof();
    assertEquals(await Array.fromAsync(b.reader.lines()), ["one", "two"]);
  });

  Deno.test(`readuntil(), then for await over the Web stream, then the end (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    a.writer.write("header\r\n\r\nbody");
    assertEquals(decode(await b.reader.readuntil("\r\n\r\n")), "header\r\n\r\n");
    a.writer.write(" and tail");
    a.writer.writeEof();
    let text = "";
    for await (const chunk of b.readable) text += decode(chunk);
    assertEquals(text, "body and tail");
    assertEquals(b.reader.atEof(), true);
    assertEquals(await b.reader.read(), new Uint8Array(0));
  });

  Deno.test(`A length by readexactly(), then a body through transform streams (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    const compressed = new Response("compressed\nlines\n").body?.pipeThrough(
      new CompressionStream("gzip"),
    );
    assert(compressed);
    a.writer.write("gzip");
    await compressed.pipeTo(a.writable);
    assertEquals(decode(await b.reader.readexactly(4)), "gzip");
    const lines = b.readable
      .pipeThrough(new DecompressionStream("gzip"))
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    assertEquals(await Array.fromAsync(lines), ["compressed", "lines"]);
  });

  Deno.test(`tee() of what follows a line gives both branches the rest (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    a.writer.write("line\nrest");
    a.writer.writeEof();
    await b.reader.readline();
    const [left, right] = b.readable.tee();
    assertEquals(await Promise.all([toText(left), toText(right)]), ["rest", "rest"]);
  });
}

Deno.test("An end that one API has read is the end for every other", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  a.writer.writeEof();
  assertEquals(await b.reader.readline(), new Uint8Array(0));
  const web = b.readable.getReader();
  assertEquals((await web.read()).done, true);
  web.releaseLock();
  assertEquals(await Array.fromAsync(b.reader.lines()), []);
  await b.readable.pipeTo(new WritableStream());
});

Deno.test("The Web stream takes out of the buffer no more than it was asked for", async () => {
  await using pair = await connectPair("memory", { limit: 1000 });
  const { a, b } = pair;
  a.writer.write(pattern(100_000));
  await pausedReading(b.transport);
  const byob = b.readable.getReader({ mode: "byob" });
  for (let taken = 0; taken < 5000; taken += 10) {
    const { value } = await byob.read(new Uint8Array(10), { min: 10 });
    assertEquals(value, pattern(10, taken));
  }
  byob.releaseLock();
  assertEquals(await b.reader.readexactly(95_000), pattern(95_000, 5000));
});

Deno.test("An HTTP-like exchange uses every API of both ends", async () => {
  await using server = await startServer(async ({ reader, writable, writer }) => {
    const [method, length] = decode(await reader.readline()).trim().split(" ");
    const body = await reader.readexactly(Number(length));
    writer.write(`${method} ${body.length}\n`);
    const web = writable.getWriter();
    await web.write(body);
    await web.close();
  }, { port: 0 });
  await using client = await openConnection({ port: server.port });
  const web = client.writable.getWriter();
  await web.write(encode("PUT 100000\n"));
  web.releaseLock();
  await ReadableStream.from([pattern(60_000), pattern(40_000, 60_000)]).pipeTo(client.writable);
  assertEquals(decode(await client.reader.readline()), "PUT 100000\n");
  assertEquals(
    new Uint8Array(await new Response(client.readable).arrayBuffer()),
    pattern(100_000),
  );
});
