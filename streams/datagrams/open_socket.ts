import { given } from "../../protocols/given.ts";
import { checkOptions } from "../../protocols/option_checks.ts";
import { openEndpoint } from "../../transports/open_endpoint.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { OPEN_DATAGRAMS_CHECKS, type OpenDatagramsOptions } from "./open_datagrams_options.ts";

/** Opens an endpoint and takes it over: what `openDatagrams` does. */
export async function openSocket(options: OpenDatagramsOptions): Promise<DatagramSocket> {
  checkOptions("open datagrams", options, OPEN_DATAGRAMS_CHECKS);
  const { errorReceived, ...endpoint } = options;
  const { transport } = await openEndpoint(() => ({
    // Nothing is received before the socket is there.
    connectionMade: (made) => made.pauseReading(),
  }), endpoint);
  const { sendPolicy } = endpoint;
  return DatagramSocket.over(transport, given({ sendPolicy, errorReceived }));
}
