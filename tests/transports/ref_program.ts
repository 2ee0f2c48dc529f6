/**
 * Ends by itself if what it opened lets it: ref_program.ts NETWORK ACTION.
 *
 * - `listen`: listens, without keeping the process alive.
 * - `listen-again`: keeps it alive again, until the first client has come.
 * - `serve`: echoes to unreferenced connections of an unreferenced server until its input ends.
 * - `connect`: connects to a server of its own, both without keeping the process alive.
 * - `receive`: does not keep it alive with an endpoint for datagrams either.
 * - `receive-again`: keeps it alive with that again, until a datagram has come, and prints it.
 */
import { createConnection } from "../../transports/create_connection.ts";
import { createDatagramEndpoint } from "../../transports/create_datagram_endpoint.ts";
import { createServer } from "../../transports/create_server.ts";
import type { Transport } from "../../protocols/contract.ts";
import { denoNetwork } from "../../transports/networks/deno_network.ts";
import { epollNetwork } from "../../transports/networks/epoll/epoll_network.ts";
import { nodeNetwork } from "../../transports/networks/node_network.ts";
import { refTransport, unrefTransport } from "../../transports/ref_transport.ts";

const [name, action = "listen"] = Deno.args;
const networks = [denoNetwork, nodeNetwork, epollNetwork];
const network = networks.find((one) => one.name === name) ?? denoNetwork;

let connected = (): void => {};

class Echo {
  #transport: Transport | null = null;

  connectionMade(transport: Transport): void {
    this.#transport = transport;
    unrefTransport(transport);
    connected();
    if (action === "listen-again") transport.close();
  }

  dataReceived(data: Uint8Array): void {
    this.#transport?.write(data);
  }
}

async function receive(): Promise<void> {
  const { transport } = await createDatagramEndpoint(() => ({
    datagramReceived(data): void {
      console.log(new TextDecoder().decode(data));
      transport.close();
    },
  }), { localAddr: { port: 0 }, ...(network === epollNetwork && { network }) });
  // By then it waits for a datagram.
  await new Promise((resolve) => setTimeout(resolve, 0));
  unrefTransport(transport);
  if (action === "receive-again") refTransport(transport);
  console.log(transport.port);
}

async function serve(): Promise<void> {
  const server = await createServer(() => new Echo(), { port: 0, network });
  server.unref();
  if (action === "listen-again") {
    server.ref();
    connected = () => server.close();
  }
  console.log(server.port);
  if (action === "serve") { for await (const _ of Deno.stdin.readable); }
  if (action !== "connect") return;
  const accepted = new Promise<void>((resolve) => connected = resolve);
  const { transport } = await createConnection(() => ({}), { port: server.port, network });
  await accepted;
  unrefTransport(transport);
}

await (action.startsWith("receive") ? receive() : serve());
