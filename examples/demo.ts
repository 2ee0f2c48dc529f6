/**
 * The main job in a few seconds: servers and clients on loopback, their exchange printed as it happens.
 *
 * It ends by itself.
 *
 *     deno run --allow-net examples/demo.ts
 *     deno task demo
 *
 * `--allow-net` is all it needs.
 *
 * @module
 */
import { createConnection, createServer, formatAddress, Protocol } from "@sluice/net";
import type { Server, Transport } from "@sluice/net";
import { peerOf, readFlags, runProgram } from "./_program.ts";

const MIB = 1_048_576;
const startedAt = performance.now();

/** Prints who does what, and when. */
function say(who: string, what: string): void {
  const time = (performance.now() - startedAt).toFixed(1).padStart(6);
  console.log(`${time} ms  ${who.padEnd(9)}${what}`);
}

function title(text: string): void {
  console.log(`\n${text}`);
}

/** The server's protocol: sends back what it receives, and reads no faster than the client does. */
class Echo extends Protocol {
  #transport: Transport | undefined;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    say("server", `${peerOf(transport)} connected`);
  }

  override dataReceived(chunk: Uint8Array): void {
    if (chunk.length < 100) say("server", `received ${chunk.length} bytes, sends them back`);
    this.#transport?.write(chunk);
  }

  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
  }

  override connectionLost(): void {
    if (this.#transport) say("server", `${peerOf(this.#transport)} disconnected`);
  }
}

/** The client's protocol: says what it is told by its transport. */
class Client extends Protocol {
  readonly #name: string;
  readonly #expected: number;
  readonly #done: () => void;
  #received = 0;

  constructor(name: string, expected: number, done: () => void) {
    super();
    this.#name = name;
    this.#expected = expected;
    this.#done = done;
  }

  override dataReceived(chunk: Uint8Array): void {
    if (chunk.length < 100) say(this.#name, `<- "${new TextDecoder().decode(chunk)}"`);
    this.#received += chunk.length;
    if (this.#received === this.#expected) this.#done();
  }

  override pauseWriting(): void {
    say(this.#name, "is asked to pause: more than 64 KiB are queued");
  }

  override resumeWriting(): void {
    say(this.#name, "may go on: the queue is down to 16 KiB");
  }
}

/** Sends `data` to the server and returns once all of it has come back. */
async function exchange(server: Server, name: string, data: Uint8Array | string): Promise<void> {
  const done = Promise.withResolvers<void>();
  const { transport } = await createConnection(
    () => new Client(name, data.length, done.resolve),
    { port: server.port },
  );
  say(name, typeof data === "string" ? `-> "${data}"` : `-> ${data.length / MIB} MiB at once`);
  transport.write(data);
  await done.promise;
  transport.close();
  const { bytesRead, durationMs } = await transport.closed;
  say(name, `closed: ${bytesRead} bytes came back in ${durationMs.toFixed(1)} ms`);
}

/** Waits until the server has seen the end of every connection. */
async function allEnded(server: Server): Promise<void> {
  await Promise.all(Array.from(server.connections, ({ closed }) => closed));
}

await runProgram(async () => {
  readFlags({});
  title("A server and two clients");
  const server = await createServer(() => new Echo(), { port: 0 });
  say("server", `listening on ${server.addresses.map(formatAddress).join(", ")}`);
  await Promise.all([
    exchange(server, "alice", "Hello, World"),
    exchange(server, "bob", "Hello from the other side"),
  ]);

  await allEnded(server);

  title("Back-pressure: a client that writes faster than the network takes it");
  await exchange(server, "carol", new Uint8Array(8 * MIB));
  await allEnded(server);

  title("An orderly end");
  const { finished, aborted } = await server.shutdown();
  say("server", `stopped: ${finished} connections finished, ${aborted} aborted`);
});
