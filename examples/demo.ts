/**
 * Servers and clients on loopback, with their exchange printed as it happens.
 *
 * It ends by itself.
 *
 *     deno run --allow-net examples/demo.ts
 *     deno task demo
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { createConnection, createServer, formatAddress, Protocol } from "@sluice/net";
import { openConnection, startServer, type Transport } from "@sluice/net";
import { readFlags } from "./_flags.ts";
import { peerOf, runProgram } from "./_program.ts";

const MIB = 1_048_576;
const startedAt = performance.now();
const decoder = new TextDecoder();

/** Prints an event with its time. */
function say(who: string, what: string): void {
  const time = (performance.now() - startedAt).toFixed(1).padStart(6);
  console.log(`${time} ms  ${who.padEnd(8)}${what}`);
}

/** The server's protocol: sends back all bytes, and reads no faster than the client does. */
class Echo extends Protocol {
  override connectionMade(transport: Transport): void {
    say("server", `${peerOf(transport)} connected`);
  }

  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(chunk);
  }

  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }

  override connectionLost(): void {
    say("server", `${peerOf(this.transport)} disconnected`);
  }
}

/** The first API: callbacks, which the transport calls on each event. */
async function useCallbacks(port: number): Promise<void> {
  const { transport } = await createConnection(() => ({
    connectionMade(transport): void {
      say("alice", '-> "Hello from callbacks"');
      transport.write("Hello from callbacks");
    },
    dataReceived(chunk): void {
      say("alice", `<- "${decoder.decode(chunk)}"`);
      transport.close();
    },
  }), { port });
  await transport.closed;
}

/** The second API: a reader and a writer, each step awaited. */
async function useReaderAndWriter(port: number): Promise<void> {
  await using connection = await openConnection({ port });
  const { reader, writer } = connection;
  say("bob", '-> "Hello from reader and writer"');
  writer.write("Hello from reader and writer\n");
  await writer.drain();
  say("bob", `<- "${decoder.decode(await reader.readline()).trimEnd()}"`);
}

/** The third API: Web streams. */
async function useWebStreams(port: number): Promise<void> {
  const connection = await openConnection({ port });
  say("carol", '-> "Hello from Web streams"');
  const sent = new Blob(["Hello from Web streams"]).stream().pipeTo(connection.writable);
  say("carol", `<- "${await new Response(connection.readable).text()}"`);
  await sent;
  await connection.close();
}

/** Writes much more than fits into a queue; callbacks say when to pause and when to go on. */
async function overfill(port: number): Promise<void> {
  const { promise: allBack, resolve } = Promise.withResolvers<void>();
  let received = 0;
  const { transport } = await createConnection(() => ({
    dataReceived(chunk): void {
      received += chunk.length;
      if (received === 8 * MIB) resolve();
    },
    pauseWriting: () => say("dave", "is asked to pause: more than 64 KiB are queued"),
    resumeWriting: () => say("dave", "may go on: the queue is down to 16 KiB"),
  }), { port });
  say("dave", "-> 8 MiB at once");
  transport.write(new Uint8Array(8 * MIB));
  await allBack;
  transport.close();
  const { bytesRead, durationMs } = await transport.closed;
  say("dave", `<- ${bytesRead / MIB} MiB, ${durationMs.toFixed(0)} ms after he connected`);
}

/** Stops a server that has a client: the handler learns it by its signal, and says goodbye. */
async function stopInGoodOrder(): Promise<void> {
  const server = await startServer(async ({ writer, signal }) => {
    writer.write("welcome\n");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    writer.write("goodbye\n");
  }, { port: 0 });
  await using connection = await openConnection({ port: server.port });
  const lines = connection.reader.lines();
  const hear = async (): Promise<void> => say("erin", `<- "${(await lines.next()).value}"`);
  await hear();
  say("server", "is told to stop");
  const stopped = server.shutdown({ grace: 5000 });
  await hear();
  const { finished, aborted } = await stopped;
  say("server", `has stopped: ${finished} connection finished, ${aborted} aborted`);
}

await runProgram(async () => {
  readFlags({});
  console.log("One echo server, three APIs");
  const server = await createServer(() => new Echo(), { port: 0 });
  say("server", `listening on ${server.addresses.map(formatAddress).join(", ")}`);
  await useCallbacks(server.port);
  await useReaderAndWriter(server.port);
  await useWebStreams(server.port);

  console.log("\nBack-pressure: writing faster than the network takes it");
  await overfill(server.port);
  await server.shutdown();

  console.log("\nAn orderly end");
  await stopInGoodOrder();
});
