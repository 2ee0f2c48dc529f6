/**
 * The sockets of Linux, through its C library: a network for servers and clients, and what only
 * this network can do.
 *
 * - The network: {@linkcode epollNetwork}, {@linkcode createEpollNetwork}
 * - Facts of the system: {@linkcode tcpInfo}, {@linkcode peerCredentials}
 * - Waiting for any descriptor: {@linkcode addReader}, {@linkcode addWriter}
 *
 * It needs Linux and `--allow-ffi`.
 *
 * @example An echo server
 * ```ts ignore
 * import { startServer } from "@sluice/net";
 * import { epollNetwork } from "@sluice/net/epoll";
 *
 * const server = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
 *   port: 8080,
 *   network: epollNetwork,
 * });
 * await server.serveUntilSignal();
 * ```
 *
 * @module
 */
export * from "./descriptors/adopt_socket.ts";
export { Descriptor } from "./descriptors/descriptor.ts";
export * from "./descriptors/detach_socket.ts";
export * from "./descriptors/listening_sockets.ts";
export * from "./descriptors/receive_descriptors.ts";
export * from "./descriptors/send_descriptors.ts";
export * from "./epoll_network.ts";
export * from "./peer_credentials.ts";
export * from "./ready_callbacks.ts";
export * from "./terminals/open_terminal.ts";
export { type TcpInfo, tcpInfo } from "./tcp_info.ts";
