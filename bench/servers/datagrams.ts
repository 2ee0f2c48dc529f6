/**
 * UDP servers on Deno and on this library: what is not 1 KiB long goes back, 1 KiB is counted, and
 * one
 * byte asks for the count. The first argument names the API.
 */
import {
  createDatagramEndpoint,
  type DatagramTransport,
  type Network,
  openDatagrams,
} from "../../mod.ts";
import { epollNetwork } from "@sluice/net/epoll";

const FLOOD_SIZE = 1024;
const PLACE = { hostname: "127.0.0.1", port: 0 };

let count = 0;

/** The answer to a datagram; `null` for none. */
function answerTo(data: Uint8Array): Uint8Array | null {
  if (data.length === 1) return new TextEncoder().encode(`${count}`);
  if (data.length !== FLOOD_SIZE) return data;
  count++;
  return null;
}

/** Deno's own, with one buffer that is used again: the loop that every figure is compared with. */
async function serveNative(): Promise<void> {
  const conn = Deno.listenDatagram({ transport: "udp", ...PLACE });
  say((conn.addr as Deno.NetAddr).port);
  const buffer = new Uint8Array(65_508);
  for (;;) {
    const [data, address] = await conn.receive(buffer);
    const answer = answerTo(data);
    if (answer !== null) await conn.send(answer, address);
  }
}

async function serveProtocol(
  options: { network?: Network },
  borrowsChunks = false,
): Promise<void> {
  let transport: DatagramTransport | undefined;
  const endpoint = await createDatagramEndpoint(() => ({
    borrowsChunks,
    connectionMade: (made) => void (transport = made),
    datagramReceived(data, address): void {
      const answer = answerTo(data);
      if (answer !== null) transport?.sendto(answer, address);
    },
  }), { localAddr: PLACE, ...options });
  say(endpoint.transport.port);
}

async function serveSocket(): Promise<void> {
  const socket = await openDatagrams({ localAddr: PLACE });
  say(socket.port);
  for await (const { data, address } of socket) {
    const answer = answerTo(data);
    if (answer !== null) await socket.send(answer, address);
  }
}

function say(port: number): void {
  console.log(`listening on 127.0.0.1:${port}`);
}

const [kind = "protocol"] = Deno.args;
if (kind === "native") await serveNative();
else if (kind === "socket") await serveSocket();
else if (kind === "protocol") await serveProtocol({});
else await serveProtocol({ network: epollNetwork }, kind === "epoll-lent");
