import { Server, type ServerOpts, Socket } from "node:net";
import type { Bytes } from "../../protocols/bytes.ts";
import type { NetAddress, UnixAddress } from "../../protocols/facts/address.ts";
import { NodeSocketCarrier } from "../carriers/node_socket_carrier.ts";
import type { SpecialSocketOptions } from "./special_options.ts";

/** All sockets of the process read into this memory: a carrier copies what is kept out of it. */
const shared: Bytes = new Uint8Array(65_536);

/**
 * A socket of node:net that reads into memory which all sockets share, and hands that to a carrier.
 */
export class SharedReadSocket extends Socket {
  /** Takes what is read, which waits for it; set by the carrier itself. */
  carrier: NodeSocketCarrier | null = null;

  /** Over a handle that a server accepted; else to connect with. */
  constructor(handle?: unknown) {
    super({
      ...(handle !== undefined && { handle, pauseOnCreate: true }),
      allowHalfOpen: true,
      onread: {
        buffer: shared,
        callback: (n: number) => this.carrier?.onBytes(shared, n) ?? false,
      },
    });
  }
}

/**
 * A server whose connections read into the shared memory.
 *
 * Node has `onread` for sockets that connect only. Deno's server makes its sockets in a method,
 * which is replaced here. Where that is not called, {@linkcode makeCarrier} reads by events.
 */
export class SharedReadServer extends Server {
  /** Sockets do not read before their carrier is started. */
  constructor(options: ServerOpts = {}) {
    super({ ...options, allowHalfOpen: true, pauseOnConnect: true });
  }

  /** Called by Deno for each connection. */
  // deno-lint-ignore sluice/hash-private -- the name that Deno calls
  _createSocket(handle: unknown): Socket {
    return Object.assign(new SharedReadSocket(handle), { server: this, _server: this });
  }
}

/** The carrier of a connected socket; `local` is its own address, if that is known. */
export function makeCarrier(
  socket: Socket,
  { resetOnAbort }: SpecialSocketOptions,
  local?: NetAddress | UnixAddress,
): NodeSocketCarrier {
  const carrier = new NodeSocketCarrier(socket, local, resetOnAbort);
  if (!(socket instanceof SharedReadSocket)) {
    socket.on("data", (chunk: Bytes) => {
      if (!carrier.onBytes(chunk, chunk.length)) socket.pause();
    });
    socket.pause();
  }
  return carrier;
}
