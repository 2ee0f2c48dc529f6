/** `sluice_protocol.ts` on top of one layer that changes nothing. */
import { createServer, Layer, Protocol, type Transport } from "../../mod.ts";

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

const server = await createServer(() => new Echo(), {
  hostname: "127.0.0.1",
  port: 0,
  layers: [(upper, options) => new Layer(upper, options)],
});
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
