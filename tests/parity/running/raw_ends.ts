/**
 * Bare sockets, for peers that behave in ways no transport does. Python twin: asyncio_ends.py.
 *
 * @module
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { End, type Operation } from "./end.ts";
import { ScenarioFault } from "./lane.ts";
import { decodeData } from "./scenario.ts";

/** A socket that reads nothing. Of `node:net`, because that one can send a reset. */
export class RawEnd extends End {
  /** Set when the connection was accepted. */
  socket: Socket | null = null;

  protected override operations(): Readonly<Record<string, Operation>> {
    return {
      ...super.operations(),
      reset: () => void this.#made.resetAndDestroy(),
      write: (notation) => {
        const data = decodeData(notation);
        if (!(data instanceof Uint8Array)) throw new ScenarioFault("A raw end writes bytes only");
        this.#made.write(data);
      },
    };
  }

  protected override target(): object {
    return this.#made;
  }

  override made(): Promise<void> {
    return Promise.resolve();
  }

  override async tearDown(): Promise<void> {
    await super.tearDown();
    if (this.socket === null || this.socket.closed) return;
    const closed = once(this.socket, "close");
    this.socket.destroy();
    await closed;
  }

  get #made(): Socket {
    if (this.socket === null) throw new ScenarioFault(`Cannot use ${this.name}: not connected`);
    return this.socket;
  }
}

/** A bare listener for raw ends. */
export class RawServerEnd extends End {
  /** The port it listens on. */
  port = 0;
  readonly #accepted = Promise.withResolvers<Socket>();
  #server: Server | null = null;

  protected override target(): object {
    return this;
  }

  /** Listens on a free port. */
  async listen(): Promise<void> {
    const options = { pauseOnConnect: true, allowHalfOpen: true };
    const server = createServer(options, this.#accepted.resolve);
    this.#server = server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // A server that listens on TCP has an address of this shape.
    this.port = (server.address() as AddressInfo).port;
  }

  /** Resolves to the first connection. */
  accept(): Promise<Socket> {
    return this.#accepted.promise;
  }

  override made(): Promise<void> {
    return Promise.resolve();
  }

  override async tearDown(): Promise<void> {
    await super.tearDown();
    if (this.#server === null) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
