import { connect, type Socket } from "node:net";

/** A client below every abstraction: it can reset its connection, which no `Deno.Conn` can. */
export class RawPeer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const peer = new RawPeer(socket);
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    return peer;
  }

  /** Sends bytes; resolves when the system has them. */
  write(data: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => this.#socket.write(data, () => resolve()));
  }

  /** Ends this direction. */
  end(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  /** Ends the connection with a reset. */
  async reset(): Promise<void> {
    this.#socket.resetAndDestroy();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }
}
