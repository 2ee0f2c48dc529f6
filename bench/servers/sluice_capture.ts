/** Sluice's callbacks with `Capture` below them: packets are made, and written to a file that keeps none. */
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

// A disk would soon be full, and measured instead.
const capture = new Capture("/dev/null", {
  onError(error): void {
    // A capture with gaps costs less than a whole one.
    console.error(error);
    Deno.exit(1);
  },
});
const server = await createServer(() => new Echo(), {
  hostname: "127.0.0.1",
  port: 0,
  layers: [capture.layer],
});
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
