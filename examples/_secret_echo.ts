/**
 * Shared parts of encrypted_echo.ts and layered_echo.ts: an echo server and a client on top of the
 * same layers, with a key that is given or made up for both.
 *
 * @module
 */
import {
  type Bytes,
  createConnection,
  createServer,
  type LayerFactory,
  Protocol,
  type Transport,
} from "@sluice/net";
import { KEY_LENGTH } from "./_encryption.ts";
import { checkRemotePort, listenFlags, readFlags } from "./_flags.ts";
import { peerOf, serveUntilStopped } from "./_program.ts";

/** Makes the layers of one end for a key; `end` is for labels. */
export type MakeLayers = (key: Bytes, end: "server" | "client") => readonly LayerFactory[];

/** Sends back what it receives. */
class Echo extends Protocol {
  override connectionMade(transport: Transport): void {
    console.log(`${peerOf(transport)} connected`);
  }

  override dataReceived(chunk: Bytes): void {
    this.transport.write(chunk);
  }

  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }
}

/**
 * With a key it is the server or, with `--connect`, the client. Without a key it is both, with a
 * new key, and ends by itself.
 */
export async function runSecretEcho(makeLayers: MakeLayers): Promise<void> {
  const { key, connect, message, ...endpoint } = readFlags({
    ...listenFlags(8888),
    key: [undefined, "the key of both programs, 64 hexadecimal digits (default: be both)", toKey],
    connect: [false, "be the client instead of the server"],
    message: ["Hello, world", "the text that the client sends"],
  }, { connect: ["key"], hostname: ["key"], port: ["key"], path: ["key"] });
  if (key === undefined) return await talkToMyself(makeLayers, message);
  if (connect) {
    checkRemotePort(endpoint);
    return await ask(message, { ...endpoint, layers: makeLayers(key, "client") });
  }
  const options = { ...endpoint, layers: makeLayers(key, "server") };
  await serveUntilStopped(await createServer(() => new Echo(), options));
}

async function talkToMyself(makeLayers: MakeLayers, message: string): Promise<void> {
  const key = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
  await using server = await createServer(() => new Echo(), {
    port: 0,
    layers: makeLayers(key, "server"),
  });
  await ask(message, { port: server.port, layers: makeLayers(key, "client") });
}

/** Sends a message and prints what comes back. */
async function ask(
  message: string,
  options: Parameters<typeof createConnection>[1],
): Promise<void> {
  const expected = new TextEncoder().encode(message).length;
  const received: Bytes[] = [];
  const { transport } = await createConnection(() => ({
    async dataReceived(chunk: Bytes): Promise<void> {
      received.push(chunk);
      const answer = new Blob(received);
      if (answer.size < expected) return;
      console.log(`received: ${await answer.text()}`);
      // Not close(): the server still has to send its last record, which proves that nothing was
      // cut off.
      transport.writeEof();
    },
  }), options);
  transport.write(message);
  const { error, bytesRead } = await transport.closed;
  if (error !== null) throw error;
  if (bytesRead < expected) throw new Error(`The server closed after ${bytesRead} bytes`);
}

function toKey(text: string): Bytes {
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.fromHex(text);
  throw new Error(`"${text}" is not 64 hexadecimal digits`);
}
