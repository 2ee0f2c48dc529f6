/** Sluice's callbacks: `dataReceived` -> `transport.write`, reading held while writing is paused. */
import { createServer, Protocol, type Transport } from "../../mod.ts";

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

const server = await createServer(() => new Echo(), { hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
