/**
 * Sluice's copy-free callbacks: each connection reads into one buffer of its own, as the raw loop
 * does.
 *
 * Up to 16 KiB `write` copies, so the buffer may be filled again at once. More is sent from where
 * it lies; writing then counts as paused (the high-water mark is 16 KiB), and the next read waits
 * until all of it is out.
 */
import { BufferedProtocol, createServer, type Transport } from "../../mod.ts";

class Echo extends BufferedProtocol {
  readonly #buffer = new Uint8Array(64 * 1024);
  #transport: Transport | undefined;
  #sent: PromiseWithResolvers<void> | null = null;

  override connectionMade(transport: Transport): void {
    transport.setWriteBufferLimits({ high: 16 * 1024, low: 0 });
    this.#transport = transport;
  }

  override getBuffer(): Uint8Array {
    return this.#buffer;
  }

  override bufferUpdated(bytes: number): void | Promise<void> {
    this.#transport?.write(this.#buffer.subarray(0, bytes));
    return this.#sent?.promise;
  }

  override pauseWriting(): void {
    this.#sent = Promise.withResolvers();
  }

  override resumeWriting(): void {
    this.#sent?.resolve();
    this.#sent = null;
  }

  override connectionLost(): void {
    this.#sent?.resolve();
  }
}

const server = await createServer(() => new Echo(), { hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
