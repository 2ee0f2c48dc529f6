import type { Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { connectWebSocket } from "../../../transports/carriers/connect_web_socket.ts";
import { closedWebSocket } from "../../support/pairs/closed_web_socket.ts";

const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const accepted = Promise.withResolvers<{ readonly transport: Transport }>();
  const gone: Promise<void>[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    gone.push(closedWebSocket(socket));
    accepted.resolve(connectWebSocket(factoryB, socket, roomy));
    return response;
  });
  // The peer cannot be made to wait, so what the battery sends to one that does not read has to
  // fit.
  const roomy = { ...options, maxReadBuffer: 67_108_864 };
  const a = await connectWebSocket(factoryA, `ws://127.0.0.1:${server.addr.port}`, roomy);
  gone.push(closedWebSocket(a.transport.getExtraInfo("socket") as WebSocket));
  return [a, await accepted.promise, () => Promise.all([server.shutdown(), ...gone])];
};

testTransport(makePair, { name: "WebSocket", gaps: ["halfClose", "backPressure"] });
