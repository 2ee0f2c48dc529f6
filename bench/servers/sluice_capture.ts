/** Sluice's callbacks with `Capture` below them: packets are made, and written to nowhere. */
import { Capture, createServer, Protocol, type Transport } from "../../mod.ts";

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

// With the system call for each piece, and without a disk that is soon full.
const capture = new Capture("/dev/null");
const server = await createServer(() => new Echo(), {
  hostname: "127.0.0.1",
  port: 0,
  layers: [capture.layer],
});
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
