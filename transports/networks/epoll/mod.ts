/**
 * The sockets of Linux, through its C library: `epollNetwork`, and what only it can tell.
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
