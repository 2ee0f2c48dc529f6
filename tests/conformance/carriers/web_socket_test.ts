import type { Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { connectWebSocket } from "../../../transports/carriers/connect_web_socket.ts";

const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const accepted = Promise.withResolvers<{ readonly transport: Transport }>();
  const gone = Promise.withResolvers<unknown>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    // Deno may hold the socket a little longer than the transport.
    socket.addEventListener("close", gone.resolve);
    accepted.resolve(connectWebSocket(factoryB, socket, roomy));
    return response;
  });
  // The peer cannot be made to wait, so what the battery sends to one that does not read has to fit.
  const roomy = { ...options, maxReadBuffer: 67_108_864 };
  const a = await connectWebSocket(factoryA, `ws://127.0.0.1:${server.addr.port}`, roomy);
  return [a, await accepted.promise, () => Promise.all([server.shutdown(), gone.promise])];
};

testTransport(makePair, { name: "WebSocket", gaps: ["halfClose", "backPressure"] });
