import { listenersOf, type Server } from "../../../servers/server.ts";
import { StreamListener } from "../streams/stream_listener.ts";
import { copyDescriptors } from "./copy_descriptors.ts";
import { Descriptor } from "./descriptor.ts";

/**
 * Copies of the sockets that a server on {@linkcode epollNetwork} listens on, for another process
 * that is to go on with them: clients that come while this one shuts down are the other's. Both
 * accept until this server is closed.
 *
 * The copies do not block, as the sockets of the server. The file of a Unix socket stays from now
 * on, also when all of them are closed: the next server at that path takes its place.
 *
 * @example A new version takes over
 * ```ts ignore
 * import { openUnixConnection, startServer } from "@sluice/net";
 * import { epollNetwork as network, listeningSockets, sendDescriptors } from "@sluice/net/epoll";
 *
 * const server = await startServer(({ writer }) => void writer.write("old\n"), { port: 8080, network });
 * const successor = await openUnixConnection({ path: "/run/successor.sock", network });
 * const sockets = listeningSockets(server);
 * sendDescriptors(successor.transport, sockets, "take over\n");
 * for (const socket of sockets) socket.close();
 * await server.shutdown();
 * ```
 *
 * @param server The server; of several addresses it has several sockets.
 * @returns The copies, which belong to the caller.
 * @throws {TypeError} If it does not listen on `epollNetwork`.
 * @throws {Deno.errors.Busy} If the process has too many descriptors open.
 */
export function listeningSockets(server: Server): Descriptor[] {
  const listeners = listenersOf(server).filter((one) => one instanceof StreamListener);
  const [first] = listeners;
  if (first === undefined) {
    throw new TypeError("Cannot copy sockets: this is no server that listens on epollNetwork");
  }
  const { libc } = first;
  const numbers = listeners.map(({ fd }) => fd);
  const copies = copyDescriptors(libc, numbers, "copy sockets");
  for (const listener of listeners) listener.share();
  return copies.map((fd) => new Descriptor(fd, libc.close));
}
