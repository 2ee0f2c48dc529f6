/**
 * A Worker that sends back what comes through a port it is given:
 * `tests/transports/carriers/connect_message_port_test.ts`.
 *
 * @module
 */
import { connectMessagePort } from "../../../transports/carriers/connect_message_port.ts";
import type { Transport } from "../../../protocols/contract.ts";

self.addEventListener("message", (event) => {
  const [port] = event instanceof MessageEvent ? event.ports : [];
  if (port === undefined) return;
  let transport: Transport;
  void connectMessagePort(() => ({
    connectionMade: (made) => void (transport = made),
    dataReceived: (chunk) => void transport.write(chunk),
    pauseWriting: () => transport.pauseReading(),
    resumeWriting: () => transport.resumeReading(),
    connectionLost: () => self.close(),
  }), port);
});
