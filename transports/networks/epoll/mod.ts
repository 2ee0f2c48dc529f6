/**
 * The sockets of Linux, through its C library: `epollNetwork`, and what only it can tell.
 *
 * @module
 */
export * from "./epoll_network.ts";
export * from "./peer_credentials.ts";
export * from "./ready_callbacks.ts";
export { type TcpInfo, tcpInfo } from "./tcp_info.ts";
