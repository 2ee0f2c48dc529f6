/**
 * Offers a TCP service over WebSocket, so that a page in a browser can talk to it: the bytes of binary
 * messages go to `--target`, and what that answers comes back as binary messages.
 *
 * Pages of other sites are turned away: `--origin https://example.org` lets that one in. A WebSocket has
 * no half-close, so the end of one direction ends both; and it cannot be told to wait, so a client that sends
 * over 16 MiB faster than the target takes them is cut off. Stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/websocket_bridge.ts --port 8080 --target 127.0.0.1:8888
 *     deno task example websocket_bridge --port 8080 --target 127.0.0.1:8888
 *
 * In a browser: `const socket = new WebSocket("ws://127.0.0.1:8080"); socket.binaryType = "arraybuffer"`,
 * then `socket.send(new TextEncoder().encode("hello"))`.
 *
 * `--allow-net` is all it needs.
 *
 * @module
 */
import { connectWebSocket, openConnection, relay } from "@sluice/net";
import { StreamConnection, StreamReader, StreamReaderProtocol } from "@sluice/net";
import { readFlags, runProgram, serveHttp, stopRequested } from "./_program.ts";

/** The streams of a WebSocket. */
async function openWebSocket(socket: WebSocket, peer: Deno.NetAddr): Promise<StreamConnection> {
  const reader = new StreamReader();
  const { protocol } = await connectWebSocket(() => new StreamReaderProtocol(reader), socket, {
    peername: peer,
  });
  return new StreamConnection(reader, protocol.flow);
}

/** Whether a request comes from a page of this very server, of the site that is let in, or from no page. */
function isWelcome(request: Request, origin: string): boolean {
  const from = request.headers.get("origin");
  return from === null || from === origin || from === new URL(request.url).origin;
}

await runProgram(async () => {
  const { target, origin, hostname = "127.0.0.1", port = 0 } = readFlags({
    port: 8080,
    target: "127.0.0.1:8888",
    origin: "",
  });
  const { hostname: host, port: targetPort } = new URL(`tcp://${target}`);
  const where = { hostname: host.replace(/^\[|\]$/g, ""), port: Number(targetPort) };
  const open = new Set<StreamConnection>();

  const bridge = async (client: StreamConnection, upstream: StreamConnection): Promise<void> => {
    open.add(client);
    const { forward, backward } = await relay(client, upstream);
    open.delete(client);
    console.log(`${forward.bytes} bytes there, ${backward.bytes} back`);
  };

  const handle = async (request: Request, peer: Deno.NetAddr): Promise<Response> => {
    if (!isWelcome(request, origin)) return new Response("Not from there\n", { status: 403 });
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("This is for WebSockets\n", { status: 426 });
    }
    let upstream: StreamConnection;
    try {
      upstream = await openConnection(where);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      return new Response("The target is not there\n", { status: 502 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    openWebSocket(socket, peer).then(
      (client) => bridge(client, upstream),
      (reason) => upstream.transport.abort(reason),
    );
    return response;
  };

  const onListen = (address: Deno.NetAddr): void => {
    console.log(`passing on to ${target}`);
    console.log(`listening on ${address.hostname}:${address.port}`);
    console.log("stop with Ctrl-C");
  };
  const server = serveHttp(
    { hostname, port },
    onListen,
    (request, { remoteAddr }) => handle(request, remoteAddr),
  );
  await stopRequested();
  console.log(`stopping, ${open.size} connections to close`);
  for (const client of open) client.transport.close();
  await server.shutdown();
});
