import { createHash } from "node:crypto";
import { serveHttp } from "../../../node/http/serve_http.ts";
import { WebSocketServerCarrier } from "../../../node/http/_web_socket_server_carrier.ts";
import type { Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { connectWebSocket } from "../../../transports/carriers/connect_web_socket.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { closedWebSocket } from "../../support/pairs/closed_web_socket.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The WebSocket of Deno, and the one that is served over a transport. */
const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const accepted = Promise.withResolvers<{ readonly transport: Transport }>();
  const server = await serveHttp(({ headers }, info) => {
    const key = headers.get("sec-websocket-key") ?? "";
    const { response, connection } = info.upgrade({
      "sec-websocket-accept": createHash("sha1").update(key + GUID).digest("base64"),
    });
    accepted.resolve(connection.then((streams) => {
      const inner = streams.switchProtocol({});
      const carrier = new WebSocketServerCarrier(inner, new Uint8Array(0), "");
      return connectCarrier(factoryB, carrier, options);
    }));
    return response;
  }, { port: 0 });
  // The WebSocket of Deno cannot be made to wait.
  const roomy = { ...options, maxReadBuffer: 67_108_864 };
  const a = await connectWebSocket(factoryA, `ws://127.0.0.1:${server.port}`, roomy);
  const gone = closedWebSocket(a.transport.getExtraInfo("socket") as WebSocket);
  return [a, await accepted.promise, async () => {
    await server.shutdown({ grace: 0 });
    await gone;
  }];
};

testTransport(makePair, {
  name: "WebSocket server",
  gaps: ["halfClose", "backPressure"],
  // The server's end has that gap not: it makes the client wait.
  test: (name, run) => name.includes("The gap backPressure") ? undefined : Deno.test(name, run),
});
