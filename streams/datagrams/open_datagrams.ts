import type { DatagramSocket, OpenDatagramsOptions } from "./datagram_socket.ts";

/**
 * Opens a socket for datagrams: `createDatagramEndpoint` with the async/await API.
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
  // Only a program that sends datagrams loads what does it.
  const { openSocket } = await import("./datagram_socket.ts");
  return await openSocket(options);
}
