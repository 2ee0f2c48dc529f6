import { checkOptions, functionLike, type OptionTable } from "../../protocols/option_checks.ts";
import {
  createDatagramEndpoint,
  DATAGRAM_CHECKS,
  type DatagramEndpointOptions,
} from "../../transports/create_datagram_endpoint.ts";
import { DatagramSocket } from "./datagram_socket.ts";

/** Options for {@linkcode openDatagrams}. */
export interface OpenDatagramsOptions extends DatagramEndpointOptions {
  /**
   * Told of what `errorReceived` of a protocol is told: datagrams that arrive cut off, for example.
   */
  readonly errorReceived?: (error: Error) => unknown;
}

const CHECKS: OptionTable<OpenDatagramsOptions> = {
  ...DATAGRAM_CHECKS,
  errorReceived: functionLike("(error) => …"),
};

/**
 * Opens a socket for datagrams: `createDatagramEndpoint` with the async/await face.
 *
 * @example An echo server in one line
 * ```ts
 * import { openDatagrams } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await openDatagrams({ localAddr: { port: 0 } });
 * const serving = server.readable.pipeTo(server.writable);
 *
 * await using client = await openDatagrams({ remoteAddr: { port: server.port } });
 * await client.send("hello");
 * for await (const { data } of client) {
 *   assertEquals(new TextDecoder().decode(data), "hello");
 *   break;
 * }
 * await server.close();
 * await serving;
 * ```
 *
 * @param options Where it is, and what it may hold.
 * @returns The socket.
 * @throws As `createDatagramEndpoint`.
 */
export async function openDatagrams(options: OpenDatagramsOptions): Promise<DatagramSocket> {
  checkOptions("open datagrams", options, CHECKS);
  const { errorReceived, ...endpoint } = options;
  const { transport } = await createDatagramEndpoint(() => ({
    // Nothing is received before the socket is there.
    connectionMade: (made) => made.pauseReading(),
  }), endpoint);
  return DatagramSocket.over(transport, {
    ...(endpoint.sendPolicy !== undefined && { sendPolicy: endpoint.sendPolicy }),
    ...(errorReceived !== undefined && { errorReceived }),
  });
}
