import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect as connectHttp2, createServer } from "node:http2";
import { text } from "node:stream/consumers";
import { serveHttp, toNodeStream } from "../../node/mod.ts";
import { onAllRoads } from "./roads.ts";

Deno.test("node:http2 runs over connections, as a client and as a server", async (t) => {
  const http2 = createServer((request, response) => {
    void text(request).then((body) => response.end(`got ${body.length}`));
  });
  await using server = await serveHttp(http2, { port: 0 });
  await onAllRoads(t, server.port, async (connect) => {
    const stream = toNodeStream(await connect());
    const session = connectHttp2("http://test.example", { createConnection: () => stream });
    for (const size of [10, 500_000]) {
      const request = session.request({ ":method": "POST", ":path": "/" });
      request.end("x".repeat(size));
      assertEquals(await text(request), `got ${size}`);
    }
    const closed = once(stream, "close");
    session.close();
    await closed;
  });
});
