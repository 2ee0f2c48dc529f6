import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { checkOptions, type OptionTable, text } from "../../protocols/option_checks.ts";
import { StreamConnection } from "../../streams/stream_connection.ts";
import { connectCarrier } from "../../transports/core/connect_carrier.ts";
import type { LiveNodeStream } from "../streams/live_node_stream.ts";
import { WebSocketServerCarrier } from "./_web_socket_server_carrier.ts";
import type { HttpInfo, HttpUpgrade } from "./http_options.ts";

/** An upgrade that waits for its handler to return. */
interface Acceptance {
  /** Answers 101 and hands over the connection. */
  accept(): void;
  /** Gives the connection to no one: the handler has answered otherwise. */
  decline(): void;
}

/** The upgrades that the handler of one request has made, by the response that accepts each. */
export class Upgrades {
  readonly #made = new Map<Response, Acceptance>();

  /** Adds one. */
  add(response: Response, acceptance: Acceptance): void {
    this.#made.set(response, acceptance);
  }

  /** The one that the handler returned; the others, which wait for nothing now, are declined. */
  settle(response?: Response): Acceptance | undefined {
    const chosen = response && this.#made.get(response);
    for (const one of this.#made.values()) if (one !== chosen) one.decline();
    return chosen;
  }
}

/** The facts for a handler of the connection that a request came over. */
export function makeInfo(
  stream: LiveNodeStream,
  message: IncomingMessage,
  upgrades: Upgrades,
): HttpInfo {
  const { transport } = stream;
  if (transport === null) throw new InvalidStateError("Cannot serve: not connected yet");
  return {
    transport,
    remoteAddr: transport.getExtraInfo("peername"),
    peerCertificate: transport.getExtraInfo("peercert"),
    upgrade: (headers) => {
      checkUpgrade(message);
      const answer = new Headers(headers);
      if (!answer.has("upgrade")) answer.set("upgrade", message.headers.upgrade ?? "");
      return makeUpgrade(
        upgrades,
        stream,
        transport,
        answer,
        (unread) => Promise.resolve(StreamConnection.over(transport, { unread })),
      );
    },
    upgradeWebSocket: (options = {}) => {
      checkOptions("upgrade to WebSocket", options, WEB_SOCKET_CHECKS);
      const { protocol = "" } = options;
      const answer = new Headers({
        upgrade: "websocket",
        "sec-websocket-accept": acceptanceOf(message),
        ...(protocol !== "" && { "sec-websocket-protocol": protocol }),
      });
      return makeUpgrade(
        upgrades,
        stream,
        transport,
        answer,
        (unread) => overWebSocket(new WebSocketServerCarrier(transport, unread, protocol)),
      );
    },
  };
}

const WEB_SOCKET_CHECKS: OptionTable<{ readonly protocol?: string }> = { protocol: text };

/** Added to the key of the client (RFC 6455, 4.2.2). */
const WEB_SOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A key of a client: 16 bytes as Base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** The answer to the key of a client's handshake. */
function acceptanceOf(message: IncomingMessage): string {
  checkUpgrade(message);
  const { upgrade, "sec-websocket-key": key, "sec-websocket-version": version } = message.headers;
  const isWebSocket = message.method === "GET" && upgrade?.toLowerCase() === "websocket";
  if (!isWebSocket || key === undefined || !KEY.test(key) || version !== "13") {
    throw new TypeError(
      "Cannot upgrade: the client does not ask for a WebSocket of version 13; answer 426",
    );
  }
  return createHash("sha1").update(key + WEB_SOCKET_GUID).digest("base64");
}

async function overWebSocket(carrier: WebSocketServerCarrier): Promise<StreamConnection> {
  const { transport } = await connectCarrier(() => ({ eofReceived: () => true }), carrier);
  return StreamConnection.over(transport);
}

function checkUpgrade(message: IncomingMessage): void {
  if (Reflect.get(message, "upgrade") === true) return;
  throw new TypeError(
    "Cannot upgrade: the client does not ask for it; answer 426 with the header upgrade",
  );
}

function makeUpgrade(
  upgrades: Upgrades,
  stream: LiveNodeStream,
  transport: Transport,
  headers: Headers,
  takeOver: (unread: Bytes) => Promise<StreamConnection>,
): HttpUpgrade {
  headers.set("connection", "Upgrade");
  const connection = Promise.withResolvers<StreamConnection>();
  connection.promise.catch(() => {});
  // The standard has no Response with the status 101; the one that is sent is written below.
  const response = new Response(null);
  upgrades.add(response, {
    decline(): void {
      connection.reject(
        new InvalidStateError("Cannot upgrade: the handler did not return the response of it"),
      );
    },
    accept(): void {
      if (stream.destroyed) {
        return connection.reject(new InvalidStateError("Cannot upgrade: the client is gone"));
      }
      const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
      // The stream of HTTP is done with the connection.
      const unread = stream.detach();
      const head = `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
      connection.resolve(sendHead(transport, head).then(() => takeOver(unread)));
    },
  });
  return { response, connection: connection.promise };
}

/** Sends the answer. Resolves when it has left: an abort that comes next must not drop it. */
function sendHead(transport: Transport, head: string): Promise<void> {
  const sent = Promise.withResolvers<void>();
  let isFull = false;
  transport.setWriteBufferLimits({ high: 0 });
  transport.setProtocol({
    pauseWriting: () => void (isFull = true),
    resumeWriting: sent.resolve,
    writingFailed: () => sent.resolve(),
    connectionLost: () => sent.resolve(),
  });
  transport.write(head);
  if (!isFull) sent.resolve();
  return sent.promise.then(() => transport.setWriteBufferLimits());
}
