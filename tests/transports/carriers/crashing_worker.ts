/**
 * A Worker that fails at the first byte: `tests/transports/carriers/connect_message_port_test.ts`.
 *
 * @module
 */
import {
  connectMessagePort,
  type MessageEndpoint,
} from "../../../transports/carriers/connect_message_port.ts";

await connectMessagePort(() => ({
  dataReceived(): void {
    // Outside of the callback, whose exceptions the transport reports.
    setTimeout(() => {
      throw new Error("the Worker gives up");
    }, 0);
  },
}), self as unknown as MessageEndpoint);
