import type { DatagramTransport } from "../protocols/datagram_contract.ts";
import type { Transport } from "../protocols/contract.ts";
import { show } from "../protocols/option_checks.ts";

/** An object that keeps the process alive. */
interface Referenced {
  ref(): void;
  unref(): void;
}

/**
 * Keeps the process alive while a connection is open, as it does at first: undoes
 * {@linkcode unrefTransport}.
 *
 * @param transport The connection or endpoint, with layers on it or not.
 * @throws {TypeError} As {@linkcode unrefTransport}.
 */
export function refTransport(transport: Transport | DatagramTransport): void {
  socketOf(transport, "ref").ref();
}

/**
 * Lets the process end though a connection is open: for one that is only there in case it is
 * needed, as `unref` of node:net and of `Deno.Conn`. It is not closed then, and nothing that is
 * queued is sent. As long as something else keeps the process alive, the connection goes on.
 * Does nothing when done again, and nothing once the connection is closed.
 *
 * Of endpoints for datagrams, all but Deno's Unix sockets have it. On `epollNetwork`, while no
 * connection and no server keeps the process alive, what arrives waits for up to 5 ms. A server has
 * {@linkcode Server.unref}.
 *
 * @example A connection that is kept for the next request
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { unrefTransport } from "@sluice/net/transports";
 *
 * await using server = await startServer(({ writer }) => void writer.write("hello\n"), { port: 0 });
 * await using client = await openConnection({ port: server.port });
 * unrefTransport(client.transport);
 * ```
 *
 * @param transport The connection or endpoint, with layers on it or not.
 * @throws {TypeError} If no socket carries it, as in memory: it keeps no process alive; or if it is
 * an endpoint on a Unix socket of Deno's, which has no such function.
 */
export function unrefTransport(transport: Transport | DatagramTransport): void {
  socketOf(transport, "unref").unref();
}

function socketOf(transport: Transport | DatagramTransport, action: string): Referenced {
  const socket: unknown = transport?.getExtraInfo?.("socket");
  if (isReferenced(socket)) return socket;
  const why = socket === null || socket === undefined
    ? "it is no transport with a socket that keeps the process alive; a server has ref() and unref()"
    : "its socket has no such function; those of epollNetwork have it";
  throw new TypeError(`Cannot ${action} ${show(transport)}: ${why}`);
}

function isReferenced(socket: unknown): socket is Referenced {
  const { ref, unref } = (socket ?? {}) as Partial<Referenced>;
  return typeof ref === "function" && typeof unref === "function";
}
