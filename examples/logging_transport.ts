/**
 * A custom transport by wrapping: logs each write before it is sent.
 *
 * `TransportWrapper` forwards every call to the transport inside, so a wrapper has only the methods
 * that it changes. This one wraps a live connection to an echo server. The program ends by itself.
 *
 *     deno run --allow-net examples/logging_transport.ts
 *     deno task example logging_transport
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { createConnection, createServer, type ProtocolCallbacks } from "@sluice/net";
import { type Transport, TransportWrapper, type WriteOptions } from "@sluice/net";
import { readFlags } from "./_flags.ts";
import { peerOf, runProgram } from "./_program.ts";

class LoggingTransport extends TransportWrapper {
  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    this.#log(data);
    return super.write(data, options);
  }

  // Forwarded as it is, not piece by piece through `write`.
  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    const pieces = [...parts];
    for (const piece of pieces) this.#log(piece);
    return super.writelines(pieces, options);
  }

  override close(): void {
    console.log(`close, ${this.getWriteBufferSize()} bytes queued`);
    super.close();
  }

  #log(data: Uint8Array | string): void {
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    console.log(`write to ${peerOf(this)}: ${JSON.stringify(text)}`);
  }
}

function echo(): ProtocolCallbacks {
  let transport: Transport;
  return {
    connectionMade(made): void {
      transport = made;
    },
    dataReceived(chunk): void {
      transport.write(chunk);
    },
  };
}

await runProgram(async () => {
  readFlags({});
  await using server = await createServer(echo, { port: 0 });
  const answer = Promise.withResolvers<string>();
  const { transport } = await createConnection(
    () => ({
      dataReceived: (chunk) => answer.resolve(new TextDecoder().decode(chunk)),
      connectionLost: (error) => answer.reject(error ?? new Error("The server closed first")),
    }),
    { port: server.port },
  );

  const logged = new LoggingTransport(transport);
  logged.write("Hello World");
  console.log(`received: ${JSON.stringify(await answer.promise)}`);
  logged.close();
  await logged.closed;
});
