/** `sluice_protocol.ts` behind TLS; `--layer` or `--native` names the engine. */
import { createServer, Protocol, type Transport } from "../../mod.ts";

const certificates = new URL("../../examples/certificates/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, certificates));

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
  tls: {
    cert: read("localhost.crt"),
    key: read("localhost.key"),
    engine: Deno.args.includes("--layer") ? "layer" : "native",
  },
});
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
