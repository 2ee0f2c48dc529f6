import type { IncomingMessage } from "node:http";
import type { Transport } from "../protocols/contract.ts";
import { InvalidStateError } from "../protocols/errors.ts";
import { StreamConnection } from "../streams/stream_connection.ts";
import type { LiveNodeStream } from "./_live_node_stream.ts";
import type { HttpInfo, HttpUpgrade } from "./http_options.ts";

/** The upgrades that handlers have accepted, by the response that says so. */
const accepted = new WeakMap<Response, Acceptance>();

/** An upgrade that waits for its handler to return. */
interface Acceptance {
  /** Answers 101 and hands over the connection. */
  accept(): void;
}

/** The upgrade that a response of a handler accepts, if it does. */
export function upgradeOf(response: Response): Acceptance | undefined {
  return accepted.get(response);
}

/** The facts for a handler of the connection that a request came over. */
export function makeInfo(stream: LiveNodeStream, message: IncomingMessage): HttpInfo {
  const { transport } = stream;
  if (transport === null) throw new InvalidStateError("Cannot serve: not connected yet");
  return {
    transport,
    remoteAddr: transport.getExtraInfo("peername"),
    peerCertificate: transport.getExtraInfo("peercert"),
    upgrade: (headers) => upgrade(stream, transport, message, new Headers(headers)),
  };
}

function upgrade(
  stream: LiveNodeStream,
  transport: Transport,
  message: IncomingMessage,
  headers: Headers,
): HttpUpgrade {
  if (Reflect.get(message, "upgrade") !== true) {
    throw new TypeError(
      "Cannot upgrade: the client does not ask for it; answer 426 with the header upgrade",
    );
  }
  if (!headers.has("upgrade")) headers.set("upgrade", message.headers.upgrade ?? "");
  headers.set("connection", "Upgrade");
  const connection = Promise.withResolvers<StreamConnection>();
  connection.promise.catch(() => {});
  // The standard has no Response with the status 101; the one that is sent is written below.
  const response = new Response(null);
  accepted.set(response, {
    accept(): void {
      const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
      const head = `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
      if (stream.destroyed) {
        return connection.reject(new InvalidStateError("Cannot upgrade: the client is gone"));
      }
      connection.resolve(takeBack(stream, transport, head));
    },
  });
  return { response, connection: connection.promise };
}

/** A connection again of a stream that HTTP is done with. */
function takeBack(stream: LiveNodeStream, transport: Transport, head: string): StreamConnection {
  const unread = stream.detach();
  transport.setWriteBufferLimits();
  transport.write(head);
  return StreamConnection.over(transport, { unread });
}
