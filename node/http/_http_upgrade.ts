import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { FlowControl } from "../../streams/writing/flow_control.ts";
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
  readonly #stream: LiveNodeStream;
  readonly #transport: Transport;
  readonly #made = new Map<Response, Acceptance>();

  /** The upgrades of a request that came over `transport`, from which `stream` reads. */
  constructor(stream: LiveNodeStream, transport: Transport) {
    this.#stream = stream;
    this.#transport = transport;
  }

  /** Makes one, whose connection `takeOver` makes of the bytes that came after the request. */
  make(headers: Headers, takeOver: (unread: Bytes) => Promise<StreamConnection>): HttpUpgrade {
    headers.set("connection", "Upgrade");
    const connection = Promise.withResolvers<StreamConnection>();
    connection.promise.catch(() => {});
    // The standard has no Response with the status 101; the one that is sent is written below.
    const response = new Response(null);
    const refuse = (problem: string): void =>
      connection.reject(new InvalidStateError(`Cannot upgrade: ${problem}`));
    this.#made.set(response, {
      decline: () => refuse("the handler did not return the response of it"),
      accept: () => {
        if (this.#stream.destroyed) return refuse("the client is gone");
        connection.resolve(this.#accept(headers).then(takeOver));
      },
    });
    return { response, connection: connection.promise };
  }

  /** The one that the handler returned; the others, which wait for nothing now, are declined. */
  settle(response?: Response): Acceptance | undefined {
    const chosen = response && this.#made.get(response);
    for (const one of this.#made.values()) if (one !== chosen) one.decline();
    return chosen;
  }

  /** Sends the answer; resolves when it has left: an abort that comes next must not drop it. */
  async #accept(headers: Headers): Promise<Bytes> {
    const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
    const transport = this.#transport;
    // The stream of HTTP is done with the connection.
    const unread = this.#stream.detach();
    const flow = new FlowControl();
    flow.transport = transport;
    transport.setProtocol(flow.asProtocol());
    transport.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
    // A connection that is lost meanwhile tells of it by itself.
    await flow.flush().catch(() => {});
    transport.setWriteBufferLimits();
    return unread;
  }
}

/** The facts for a handler of the connection that a request came over. */
export function makeInfo(
  transport: Transport,
  message: IncomingMessage,
  upgrades: Upgrades,
): HttpInfo {
  return {
    transport,
    remoteAddr: transport.getExtraInfo("peername"),
    peerCertificate: transport.getExtraInfo("peercert"),
    upgrade: (headers) => {
      checkUpgrade(message);
      const answer = new Headers(headers);
      if (!answer.has("upgrade")) answer.set("upgrade", message.headers.upgrade ?? "");
      return upgrades.make(
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
      return upgrades.make(
        answer,
        (unread) => overWebSocket(new WebSocketServerCarrier(transport, unread, protocol)),
      );
    },
  };
}

const WEB_SOCKET_CHECKS: OptionTable<{ readonly protocol?: string }> = { protocol: check.text };

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
