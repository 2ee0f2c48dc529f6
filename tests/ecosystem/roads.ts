import { assert } from "@std/assert";
import { openConnection } from "../../streams/open_connection.ts";
import { relay } from "../../streams/relay.ts";
import { startServer } from "../../streams/servers/start_server.ts";
import type { StreamConnection } from "../../streams/stream_connection.ts";
import { readCapture } from "../../testing/capture/read_capture.ts";
import { Capture } from "../../transports/layers/capture/capture.ts";
import { localhost, trusting } from "../support/certificates/certificates.ts";

/** Connects to a server by one of the roads. */
export type Connect = () => Promise<StreamConnection>;

/**
 * Runs a test of a library against a server three times: in the clear, over TLS of this library,
 * and under capture.
 */
export async function onAllRoads(
  t: Deno.TestContext,
  port: number,
  run: (connect: Connect) => Promise<void>,
): Promise<void> {
  await t.step("in the clear", () => run(() => openConnection({ port })));
  await t.step("over TLS", () => overTls(port, run));
  await t.step("under capture", () => underCapture(port, run));
}

/** Both ends of the TLS are ours, whether or not the server could do it. */
async function overTls(port: number, run: (connect: Connect) => Promise<void>): Promise<void> {
  await using front = await startServer(async (client) => {
    await using server = await openConnection({ port });
    await relay(client, server);
  }, { port: 0, tls: localhost, interruptOnShutdown: false });
  await run(() => openConnection({ hostname: "localhost", port: front.port, tls: trusting }));
}

async function underCapture(
  port: number,
  run: (connect: Connect) => Promise<void>,
): Promise<void> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const capture = new Capture((bytes) => void pieces.push(bytes));
  await run(() => openConnection({ port, layers: [capture.layer] }));
  await capture.close();
  const conversations = readCapture(await new Blob(pieces).bytes());
  assert(conversations.length > 0, "nothing was captured");
}
