/**
 * A tunnel in the manner of HTTP's CONNECT: a head that is read as text, then bytes both ways.
 *
 * @module
 */
import { openConnection, relay, type Server, startServer } from "@sluice/net";
import { assertEquals } from "@std/assert";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Opens a tunnel for each client. The server's first bytes go out together with the answer. */
function startProxy(): Promise<Server> {
  return startServer(async (client) => {
    const head = decode(await client.reader.readuntil("\r\n\r\n"));
    const upstream = await openConnection({ port: Number(head.match(/:(\d+) /)?.[1]) });
    const banner = await upstream.reader.readuntil(";");
    client.writer.writelines(["HTTP/1.1 200 OK\r\n\r\n", banner]);
    await relay(client, upstream);
  }, { port: 0 });
}

// hyperium/hyper#4095, grpc/grpc-node#2746, oven-sh/bun#28158: such bytes were lost.
Deno.test("relay() forwards bytes that came in one piece with the request and with the answer", async () => {
  await using target = await startServer(async ({ reader, writer }) => {
    writer.write("banner;");
    writer.write(`got ${decode(await reader.read())}`);
  }, { port: 0 });
  await using proxy = await startProxy();
  await using client = await openConnection({ port: proxy.port });
  const body = "x".repeat(300_000);
  client.writer.write(`CONNECT target:${target.port} HTTP/1.1\r\n\r\nearly,${body}`);
  client.writer.writeEof();
  assertEquals(decode(await client.reader.readuntil("\r\n\r\n")), "HTTP/1.1 200 OK\r\n\r\n");
  const rest = decode(await client.reader.read());
  assertEquals([rest.slice(0, 17), rest.length], ["banner;got early,", 17 + body.length]);
});
