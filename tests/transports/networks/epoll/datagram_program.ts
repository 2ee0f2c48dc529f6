/**
 * Serves the socket for datagrams that its argument names, on epollNetwork: a query of DNS is
 * answered with NXDOMAIN, anything else with where the endpoint is; `end` ends it. A connected
 * endpoint says first that it is there.
 */
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";

const [named = "systemd"] = Deno.args;
const fd = /^\d+$/.test(named) ? Number(named) : named;

/** The query as an answer: QR is set (RFC 1035 section 4.1.1), RCODE is 3. */
function toAnswer(query: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const answer = query.slice();
  answer.set([(query[2] ?? 0) | 0x80, 0x83], 2);
  return answer;
}

const { transport } = await createDatagramEndpoint(() => ({
  datagramReceived(data, address): void {
    const text = new TextDecoder().decode(data);
    if (text === "end") transport.close();
    else if (data.length > 12) transport.sendto(toAnswer(data), address);
    else transport.sendto(`${transport.port}`, address);
  },
}), { fd, network });
const peer = transport.getExtraInfo("peername");
if (peer !== null && "port" in peer) transport.sendto(`connected to ${peer.port}`);
await transport.closed;
