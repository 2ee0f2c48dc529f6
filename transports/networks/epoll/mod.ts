/**
 * The sockets of Linux, through its C library: `epollNetwork`.
 *
 * @module
 */
export * from "./epoll_network.ts";
