import { assert, assertEquals, assertRejects } from "@std/assert";
import type { HttpUpgrade } from "../../node/mod.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { HttpClient as Client } from "../support/peers/http_client.ts";
import { ReplacedClock } from "../support/time/replaced_clock.ts";

/** A body that gives one byte and does not end. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
}

Deno.test("The body of an answer is cancelled when the client left before its handler was done", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using client = await Client.of(async ({ signal }) => {
    const gone = new Promise((resolve) => signal.addEventListener("abort", resolve));
    client.connection.transport.abort();
    await gone;
    // Without an end and without a wait: to read all of it would stop the process.
    return new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1000)),
        cancel: () => cancelled.resolve(),
      }),
    );
  });
  client.send("GET / HTTP/1.1");
  await cancelled.promise;
});

Deno.test("An answer that waits for one before it ends with the connection as well", async () => {
  const gone = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  await using client = await Client.of(({ url, signal }) => {
    if (url.endsWith("/1")) return new Promise<Response>(() => {});
    signal.addEventListener("abort", () => gone.resolve());
    let pulls = 0;
    return new Response(
      new ReadableStream({
        pull(controller): void {
          controller.enqueue(new Uint8Array(100_000));
          if (++pulls === 2) client.connection.transport.abort();
        },
        cancel: () => cancelled.resolve(),
      }),
    );
  });
  client.send("GET /1 HTTP/1.1");
  client.send("GET /2 HTTP/1.1");
  await gone.promise;
  await cancelled.promise;
});

Deno.test("A failure of the request writes nothing into an answer that has begun", async () => {
  const cases: [string, string, object][] = [
    [
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n",
      "zz\r\n\r\n",
      {},
    ],
    [
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx",
      "",
      { requestTimeout: 20 },
    ],
  ];
  using clock = new ReplacedClock();
  for (const [request, more, options] of cases) {
    await using client = await Client.of(
      () => new Response(endless()),
      options,
    );
    const { writer } = client.connection;
    writer.write(request);
    assert((await client.head()).startsWith("http/1.1 200"));
    if (more !== "") writer.write(more);
    else clock.advance(20);
    const rest = await client.rest().catch(() => "");
    assert(!rest.includes("HTTP/1.1") && !rest.includes("\r\n0\r\n"), rest);
  }
});

Deno.test("What follows a request and is none is refused after the answer to that", async () => {
  const faults: [string, number][] = [
    ["NONSENSE\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400],
    ["TRACE / HTTP/1.1\r\nhost: a\r\n\r\n", 501],
    [`GET / HTTP/1.1\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ];
  for (const [fault, status] of faults) {
    for (const hasBegun of [false, true]) {
      const body = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
      await using client = await Client.of(() =>
        new Response(new ReadableStream({ start: (controller) => body.resolve(controller) }))
      );
      const { writer } = client.connection;
      client.send("GET / HTTP/1.1");
      const controller = await body.promise;
      controller.enqueue(new TextEncoder().encode("whole"));
      if (hasBegun) assert((await client.head()).startsWith("http/1.1 200"));
      writer.write(fault);
      await turns();
      controller.close();
      if (!hasBegun) assert((await client.head()).startsWith("http/1.1 200"));
      const rest = await client.rest();
      assert(/^5\r\nwhole\r\n0\r\n\r\nHTTP\/1.1 /.test(rest), rest);
      assertEquals(rest.split("HTTP/1.1 ")[1]?.slice(0, 3), String(status), fault);
    }
  }
});

Deno.test("A request with two hosts is refused", async () => {
  await using client = await Client.of(() => new Response("never"));
  client.send("GET / HTTP/1.1", "host: other.example");
  assert((await client.head()).startsWith("http/1.1 400"));
});

Deno.test("An answer whose content-length is not the length of its body is cut", async () => {
  for (const length of ["1", "9", "none"]) {
    for (const parts of [["all"], ["a", "ll"]]) {
      const errors: string[] = [];
      await using client = await Client.of(() => {
        const bytes = parts.map((part) => new TextEncoder().encode(part));
        const body = new ReadableStream({
          pull(controller): void {
            const part = bytes.shift();
            if (part === undefined) return controller.close();
            controller.enqueue(part);
          },
        });
        return new Response(body, { headers: { "content-length": length } });
      }, { onError: (error) => errors.push(error.message) });
      client.send("GET / HTTP/1.1");
      const text = await client.rest().catch(() => "");
      const answer = text.slice(text.indexOf("\r\n\r\n") + 4);
      assert(text.startsWith("HTTP/1.1 500") || answer.length <= Number(length), text);
      assert(errors[0]?.includes("its content-length is"), errors[0]);
    }
  }
});

Deno.test("Framing headers of another answer are not passed on", async () => {
  await using client = await Client.of(() =>
    new Response("hello", { headers: { "transfer-encoding": "chunked", "content-length": "5" } })
  );
  client.send("GET / HTTP/1.1");
  const head = await client.head();
  assert(!head.includes("transfer-encoding") && head.includes("content-length: 5"), head);
});

Deno.test("A body stream whose chunks are not bytes fails and is cancelled", async () => {
  for (const chunk of [5, undefined]) {
    const cancelled = Promise.withResolvers<unknown>();
    const errors: Error[] = [];
    await using client = await Client.of(() => {
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(chunk),
        cancel: cancelled.resolve,
      });
      return new Response(body as ReadableStream<Uint8Array>);
    }, { onError: (error) => errors.push(error) });
    client.send("GET / HTTP/1.1");
    assertEquals((await client.answer()).slice(0, 3), "500");
    assertEquals(await cancelled.promise, errors[0]);
  }
});

Deno.test("info.upgrade() gives no connection when its response is not returned", async () => {
  let made: HttpUpgrade | undefined;
  for (const fails of [false, true]) {
    await using client = await Client.of((_request, info) => {
      made = info.upgrade();
      if (fails) throw new Error("no luck");
      return new Response("no", { status: 426 });
    }, { onError: () => {} });
    client.send("GET / HTTP/1.1", "connection: upgrade", "upgrade: lines");
    assertEquals((await client.answer()).slice(0, 3), fails ? "500" : "426");
    await assertRejects(async () => await made?.connection, InvalidStateError, "did not return");
  }
});

Deno.test("info.upgradeWebSocket() refuses a request that is not a handshake", async () => {
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
  for (const [method, given] of [["POST", key], ["GET", "sec-websocket-key: short"]] as const) {
    const errors: string[] = [];
    await using client = await Client.of((_request, info) => info.upgradeWebSocket().response, {
      onError: (error) => errors.push(error.message),
    });
    client.send(
      `${method} / HTTP/1.1`,
      "connection: upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      given,
    );
    assertEquals((await client.answer()).slice(0, 3), "500");
    assert(errors[0]?.includes("does not ask for a WebSocket"), errors[0]);
  }
});
