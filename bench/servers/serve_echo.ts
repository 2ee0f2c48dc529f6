import { createServer, type ListenOptions, Protocol, type Transport } from "../../mod.ts";

/** Sends back what comes, and reads no more while it may not write. */
class Echo extends Protocol {
  #transport: Transport | undefined;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(chunk: Uint8Array): void {
    this.#transport?.write(chunk);
  }

  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
  }
}

/** Sluice's callbacks, `dataReceived` -> `transport.write`, on loopback until the process is ended. */
export async function serveEcho(options: Partial<ListenOptions> = {}): Promise<void> {
  const server = await createServer(() => new Echo(), {
    hostname: "127.0.0.1",
    port: 0,
    ...options,
  });
  console.log(`listening on 127.0.0.1:${server.port}`);
  await server.serveForever();
}
