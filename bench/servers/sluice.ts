/**
 * This library's echo servers. The first argument names the API, or what is stacked below it; with
 * `node` as the second they run on `nodeNetwork`, with `epoll` on `epollNetwork`.
 */

import {
  BufferedProtocol,
  createServer,
  denoNetwork,
  type ListenOptions,
  type Network,
  nodeNetwork,
  Protocol,
  type Server,
  startServer,
  type StreamConnection,
  type Transport,
  withNetwork,
} from "../../mod.ts";
import { epollNetwork } from "@sluice/net/epoll";
import { Capture, Layer } from "@sluice/net/layers";

/** Sends back what comes, and reads no more while it may not write. */
class Echo extends Protocol {
  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(chunk);
  }

  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }
}

class LentEcho extends Echo {
  readonly borrowsChunks = true;
}

class TransferEcho extends Echo {
  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(chunk, { transfer: true });
  }
}

/**
 * Reads into one buffer for each connection, as the raw loop does.
 *
 * Up to 16 KiB `write` copies, so the buffer may be filled again at once. More is sent from where
 * it lies; writing then counts as paused (the high-water mark is 16 KiB), and the next read waits
 * until all of it is out.
 */
class BufferedEcho extends BufferedProtocol {
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

const PLACE = { hostname: "127.0.0.1", port: 0 };
const CERTIFICATES = new URL("../../examples/certificates/", import.meta.url);

function echo(options: Partial<ListenOptions> = {}, protocol = Echo): Promise<Server> {
  return createServer(() => new protocol(), { ...PLACE, ...options });
}

function echoTls(engine: { readonly engine?: "native" | "layer" } = {}): Promise<Server> {
  const read = (name: string) => Deno.readTextFileSync(new URL(name, CERTIFICATES));
  return echo({ tls: { cert: read("localhost.crt"), key: read("localhost.key"), ...engine } });
}

/** A capture with gaps costs less than a whole one, so its failure ends the measurement. */
function capture(): Promise<Server> {
  const written = new Capture("/dev/null", {
    onError(error): void {
      console.error(error);
      Deno.exit(1);
    },
  });
  return echo({ layers: [written.layer] });
}

async function echoStreams({ reader, writer }: StreamConnection): Promise<void> {
  for (let data = await reader.read(65_536); data.length > 0; data = await reader.read(65_536)) {
    writer.write(data);
    await writer.drain();
  }
}

const SERVERS: Readonly<Record<string, () => Promise<Server>>> = {
  "protocol": () => echo(),
  "lent": () => echo({}, LentEcho),
  "transfer": () => echo({}, TransferEcho),
  "buffered": () => createServer(() => new BufferedEcho(), PLACE),
  "streams": () => startServer(echoStreams, PLACE),
  "web": () => startServer(({ readable, writable }) => readable.pipeTo(writable), PLACE),
  "layer": () => echo({ layers: [(upper, options) => new Layer(upper, options)] }),
  "capture": capture,
  "tls": () => echoTls(),
  "tls-native": () => echoTls({ engine: "native" }),
  "tls-layer": () => echoTls({ engine: "layer" }),
};

const NETWORKS: Readonly<Record<string, Network>> = { epoll: epollNetwork, node: nodeNetwork };

const [api = "", network = ""] = Deno.args;
const server = await withNetwork(NETWORKS[network] ?? denoNetwork, () => SERVERS[api]?.());
if (server === undefined) throw new TypeError(`Cannot serve: API is ${api}`);
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
