/**
 * What encrypted_echo.ts and layered_echo.ts share: an echo server and a client on top of the same
 * layers, whose key is given or made up for both.
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
import { peerOf, readFlags, serveUntilStopped } from "./_program.ts";

/** Makes the layers of one end, which it may call by its name, for a key. */
export type MakeLayers = (key: Bytes, end: "server" | "client") => readonly LayerFactory[];

/** Sends back what it receives. */
class Echo extends Protocol {
  #transport: Transport | undefined;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    console.log(`${peerOf(transport)} connected`);
  }

  override dataReceived(chunk: Bytes): void {
    this.#transport?.write(chunk);
  }

  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
  }
}

/** With a key it serves or, with `--connect`, sends the message to a server; without one it does both at once. */
export async function runSecretEcho(makeLayers: MakeLayers): Promise<void> {
  const flags = readFlags({ port: 8888, key: "", connect: false, message: "Hello, world" });
  const { key, connect, message, ...endpoint } = flags;
  if (key === "") return await talkToMyself(makeLayers, message);
  const layersOf = (end: "server" | "client") => makeLayers(parseKey(key), end);
  if (connect) return await ask(message, { ...endpoint, layers: layersOf("client") });
  const options = { ...endpoint, layers: layersOf("server") };
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
      // Not close(): the server has a last record to send, which says that nothing was cut off.
      transport.writeEof();
    },
  }), options);
  transport.write(message);
  const { error, bytesRead } = await transport.closed;
  if (error !== null) throw error;
  if (bytesRead < expected) throw new Error(`The server closed after ${bytesRead} bytes`);
}

function parseKey(text: string): Bytes {
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.fromHex(text);
  throw new Error(`Cannot use --key: "${text}" is not 64 hexadecimal digits`);
}
