import { connectMessagePort } from "../../../transports/carriers/connect_message_port.ts";
import { testTransport } from "../../../testing/test_transport.ts";

testTransport(
  (factoryA, factoryB, options) => {
    const { port1, port2 } = new MessageChannel();
    return Promise.all([
      connectMessagePort(factoryA, port1, options),
      connectMessagePort(factoryB, port2, options),
    ]);
  },
  { name: "MessagePort" },
);
