import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  HandshakeTimeoutError,
  PlaintextInjectionError,
  TlsHandshakeError,
} from "../../../protocols/errors.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import type { StartTlsOptions } from "../../../transports/tls/start_tls.ts";
import { localhost } from "../../support/certificates/certificates.ts";

/**
 * Gives the reports of a server that starts TLS with a client that sends `bytes`, and leaves or
 * stays.
 */
async function reportedOf(
  bytes: string,
  options: StartTlsOptions,
  leaves: boolean,
): Promise<readonly Error[]> {
  const reported: Error[] = [];
  const server = await startServer(async (connection) => {
    await connection.reader.readexactly(1);
    await connection.startTls({ ...localhost, ...options });
    // The shutdown below must not come before the handshake.
  }, { port: 0, interruptOnShutdown: false, onError: (error) => void reported.push(error) });
  const client = await openConnection({ port: server.port });
  client.writer.write(`.${bytes}`);
  // Whether it hears of the end or of a reset.
  if (!leaves) await client.reader.read().catch(() => {});
  await client.close();
  await server.shutdown();
  return reported;
}

Deno.test("startServer() reports a handshake that its handler began and that failed, once", async () => {
  for (const leaves of [false, true]) {
    const [error, ...more] = await reportedOf("GET / HTTP/1.1\r\n\r\n", {}, leaves);
    assertInstanceOf(error, TlsHandshakeError);
    assertEquals(more, []);
  }
});

Deno.test("startServer() reports a client that leaves in a handshake, once", async () => {
  const [error, ...more] = await reportedOf("", {}, true);
  assertInstanceOf(error, TlsHandshakeError);
  assertEquals([error.reason, more], ["ended", []]);
});

Deno.test("startServer() reports a handshake that takes too long, once", async () => {
  const [error, ...more] = await reportedOf("", { handshakeTimeout: 30 }, false);
  assertInstanceOf(error, HandshakeTimeoutError);
  assertEquals(more, []);
});

Deno.test("startServer() reports commands that were injected before TLS, once", async () => {
  const [error, ...more] = await reportedOf("QUIT\r\n", { strict: true }, false);
  assertInstanceOf(error, PlaintextInjectionError);
  assertEquals(more, []);
});

Deno.test("startServer() does not report a failed handshake that its handler caught", async () => {
  const caught = Promise.withResolvers<unknown>();
  const reported: Error[] = [];
  const server = await startServer(async (connection) => {
    await connection.reader.readexactly(1);
    await connection.startTls(localhost).catch(caught.resolve);
  }, { port: 0, onError: (error) => void reported.push(error) });
  const client = await openConnection({ port: server.port });
  client.writer.write(".not TLS at all\r\n");
  assertInstanceOf(await caught.promise, TlsHandshakeError);
  await client.close();
  await server.shutdown();
  assertEquals(reported, []);
});
