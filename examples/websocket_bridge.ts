/**
 * Offers a TCP service over WebSocket, so that a page in a browser can talk to it: the bytes of
 * binary messages go to `--target`, and its answers come back as binary messages.
 *
 * A page of another site is refused: `--origin https://example.org` lets that one in. So is a
 * request whose `Host` is neither an IP address nor `localhost` nor `--hostname`: with a name of
 * its own that points to this machine (DNS rebinding), a page of another site would look like one
 * of this server. `--name` lets in one more name. A WebSocket has no half-close, so the end of one
 * direction ends both; and it cannot be told to wait, so a client that sends over 16 MiB faster
 * than the target takes them is cut off. Stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/websocket_bridge.ts --port 8080 --target 127.0.0.1:8888
 *     deno task example websocket_bridge --port 8080 --target 127.0.0.1:8888
 *
 * In a browser: `const socket = new WebSocket("ws://127.0.0.1:8080"); socket.binaryType =
 * "arraybuffer"`, then `socket.send(new TextEncoder().encode("hello"))`.
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { openConnection, relay, StreamConnection, type Transport } from "@sluice/net";
import { connectWebSocket } from "@sluice/net/transports";
import { deadline } from "@std/async";
import { listenFlags, readFlags, toHostname, toTarget } from "./_flags.ts";
import { runProgram, serveHttp, stopLine, stopRequested } from "./_program.ts";

/** How long the connections have to close when the bridge stops, in milliseconds. */
const GRACE_MS = 1000;

/** A site, as the header `Origin` has it. */
function toOrigin(text: string): string {
  if (URL.parse(text)?.origin === text) return text;
  throw new Error(`"${text}" is not an origin such as https://example.org`);
}

/** Why a request is refused, or `null`. */
function refuse(
  request: Request,
  names: readonly (string | undefined)[],
  origin: string | undefined,
): Response | null {
  const host = request.headers.get("host") ?? "";
  const hostname = URL.parse(`http://${host}`)?.hostname ?? "";
  const isAddress = /^[\d.]+$|^\[.*\]$/.test(hostname);
  if (!isAddress && hostname !== "localhost" && !names.includes(hostname)) {
    return new Response("This server has another name\n", { status: 403 });
  }
  const from = request.headers.get("origin");
  if (from !== null && from !== origin && from !== `http://${host}`) {
    return new Response("Pages of other sites are refused\n", { status: 403 });
  }
  return refuseHandshake(request);
}

/** Checks the opening handshake of RFC 6455, section 4.2.1. */
function refuseHandshake({ headers, method }: Request): Response | null {
  if (!listOf(headers, "upgrade").includes("websocket")) {
    return new Response("This is for WebSockets\n", {
      status: 426,
      headers: { upgrade: "websocket", connection: "upgrade" },
    });
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return new Response("Only version 13 is spoken here\n", {
      status: 426,
      headers: { "sec-websocket-version": "13" },
    });
  }
  const isComplete = method === "GET" && listOf(headers, "connection").includes("upgrade") &&
    /^[A-Za-z\d+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "");
  return isComplete ? null : new Response("The handshake is incomplete\n", { status: 400 });
}

/** The values of a header that holds a list, in lower case. */
function listOf(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? "").toLowerCase().split(",").map((value) => value.trim());
}

/** The streams of a WebSocket. */
async function openWebSocket(socket: WebSocket, peer: Deno.NetAddr): Promise<StreamConnection> {
  // Nothing is read before the streams are there.
  const factory = () => ({ connectionMade: (made: Transport) => made.pauseReading() });
  const { transport } = await connectWebSocket(factory, socket, { peername: peer });
  return StreamConnection.over(transport);
}

/** The WebSockets and their connections to the target. */
class Bridge {
  readonly #target: ReturnType<typeof toTarget>;
  readonly #open = new Map<StreamConnection, Promise<void>>();

  constructor(target: ReturnType<typeof toTarget>) {
    this.#target = target;
  }

  /** Answers a request that is a complete handshake. */
  async answer(request: Request, peer: Deno.NetAddr): Promise<Response> {
    let upstream: StreamConnection;
    try {
      upstream = await openConnection(this.#target);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      return new Response("The target is not there\n", { status: 502 });
    }
    try {
      const { socket, response } = Deno.upgradeWebSocket(request);
      openWebSocket(socket, peer).then(
        (client) => this.#join(client, upstream),
        (reason) => upstream.transport.abort(reason),
      );
      return response;
    } catch (error) {
      upstream.transport.abort();
      console.error(error instanceof Error ? error.message : error);
      return new Response("The handshake failed\n", { status: 400 });
    }
  }

  /** How many WebSockets are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Closes all of them; those that take too long are cut off. */
  async close(): Promise<void> {
    for (const client of this.#open.keys()) client.transport.close();
    await deadline(Promise.all(this.#open.values()), GRACE_MS).catch(() => {});
    for (const client of this.#open.keys()) client.transport.abort();
  }

  #join(client: StreamConnection, upstream: StreamConnection): void {
    const joined = relay(client, upstream).then(({ forward, backward }) => {
      this.#open.delete(client);
      console.log(`${forward.bytes} bytes there, ${backward.bytes} back`);
    });
    this.#open.set(client, joined);
  }
}

await runProgram(async () => {
  const { path: _, ...endpoint } = listenFlags(8080);
  const { target, origin, name, hostname = "127.0.0.1", port } = readFlags({
    ...endpoint,
    target: ["127.0.0.1:8888", "where to connect to, as HOST:PORT", toTarget],
    origin: [
      undefined,
      "another site whose pages may connect, such as https://example.org",
      toOrigin,
    ],
    name: [undefined, "another name of this server that may be in the URL", toHostname],
  });
  const bridge = new Bridge(target);
  const stop = stopRequested();
  const server = serveHttp(
    { hostname, port, flag: "port" },
    (address) => {
      console.log(`passing on to ${target.hostname}:${target.port}`);
      console.log(`listening on ${address.hostname}:${address.port}`);
      console.log("stop with Ctrl-C");
    },
    (request, { remoteAddr }) =>
      refuse(request, [name, hostname], origin) ?? bridge.answer(request, remoteAddr),
  );
  await stop;
  console.log(stopLine(bridge.size));
  await bridge.close();
  // Requests that are under way do not delay the end.
  await deadline(server.shutdown(), GRACE_MS / 2).catch(() => {});
});
