import type { Socket } from "node:net";
import type { NetAddress, UnixAddress } from "../../protocols/facts/address.ts";
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import type { ByteSink, Carrier, CarrierOutcome, PushSource } from "../core/carrier.ts";
import { fromNodeError } from "../core/os_error.ts";

/** How later calls fail: to make an error for each connection costs much. */
const CLOSED = {
  get error(): Error {
    return new Deno.errors.Interrupted("the socket was closed");
  },
};

/** Written to be told when all before it is with the system. */
const NOTHING = new Uint8Array(0);

/** A write that the system has not taken yet. */
interface PendingWrite {
  readonly size: number;
  resolve(size: number): void;
  reject(error: unknown): void;
}

/** A socket that its listeners, which all sockets share, find their carrier with. */
interface CarriedSocket extends Socket {
  carrier?: NodeSocketCarrier | null;
}

/**
 * A socket of node:net as a {@linkcode Carrier} that pushes. The maker of the socket passes its
 * bytes to {@linkcode onBytes}, so that one buffer can serve the reads of all sockets.
 */
export class NodeSocketCarrier implements Carrier, PushSource {
  readonly #socket: Socket;
  readonly #local: NetAddress | UnixAddress;
  readonly #remote: NetAddress | UnixAddress;
  readonly #resetsOnAbort: boolean;
  #sink: ByteSink | null = null;
  // Bytes that arrived before the transport began to read.
  #early: Bytes | null = null;
  #hasEnded = false;
  #failure: { readonly error: unknown } | null = null;
  #pending: PendingWrite | null = null;

  /**
   * Owns the connected socket from now on.
   *
   * @param socket The socket.
   * @param local Its own address; by default the socket is asked.
   * @param resetsOnAbort Whether an end that is not in good order resets the connection.
   */
  constructor(
    socket: CarriedSocket,
    local: NetAddress | UnixAddress = netAddress(socket.localAddress, socket.localPort),
    resetsOnAbort: boolean = false,
  ) {
    this.#socket = socket;
    this.#resetsOnAbort = resetsOnAbort;
    this.#local = local;
    this.#remote = local.transport === "unix"
      ? local
      : netAddress(socket.remoteAddress, socket.remotePort);
    socket.carrier = this;
    socket.on("end", tellEnd);
    socket.on("error", tellError);
    socket.on("close", tellClose);
  }

  get source(): PushSource {
    return this;
  }

  /** `n` bytes were read, into memory that is used again. Returns whether to read on. */
  onBytes(memory: Bytes, n: number): boolean {
    if (this.#sink !== null) return this.#sink.receive(memory, n);
    this.#early = copyOf(memory, 0, n);
    return false;
  }

  /** The peer has ended its direction. */
  onEnd(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sink?.end();
  }

  /** The socket has failed, or is closed. */
  onFailure(failure: { readonly error: unknown }): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    const pending = this.#pending;
    this.#pending = null;
    pending?.reject(failure.error);
    if (!this.#hasEnded) this.#sink?.fail(failure.error);
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    const early = this.#early;
    this.#early = null;
    // The sink tells of an end or a failure after the bytes before it.
    const goesOn = early === null || sink.receive(early, early.length);
    if (this.#failure !== null) sink.fail(this.#failure.error);
    else if (this.#hasEnded) sink.end();
    else if (goesOn) this.resume();
  }

  resume(): void {
    if (!this.#hasEnded) this.#socket.resume();
  }

  write(bytes: Uint8Array): number | Promise<number> {
    if (this.#failure !== null) throw this.#failure.error;
    // A callback would cost a tick for each write, even of one that is done at once.
    this.#socket.write(bytes);
    if (this.#socket.writableLength === 0) return bytes.length;
    return new Promise((resolve, reject) => {
      this.#pending = { size: bytes.length, resolve, reject };
      this.#socket.write(NOTHING, (error) => this.#settle(error ?? null));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure.error);
      this.#pending = { size: 0, resolve: () => resolve(), reject };
      this.#socket.end(() => this.#settle(null));
    });
  }

  get canReset(): boolean {
    return this.#local.transport === "tcp";
  }

  close({ endedBy, error, reset = this.#resetsOnAbort }: CarrierOutcome): void {
    this.#sink = null;
    this.#hasEnded = true;
    // In good order the peer can read to the end, even if bytes of its own were not read here.
    const isAborted = endedBy === "abort" || error !== null;
    if (isAborted && reset && this.canReset) this.#socket.resetAndDestroy();
    // Ended already, it would make an error of the second end, with a trace of the stack.
    else if (isAborted || this.#socket.writableFinished) this.#socket.destroy();
    else this.#socket.end(() => this.#socket.destroy());
  }

  getExtraInfo(name: string): unknown {
    switch (name) {
      case "peername":
        return this.#remote;
      case "sockname":
        return this.#local;
      case "socket":
        return this.#socket;
      default:
        return undefined;
    }
  }

  #settle(error: Error | null): void {
    const pending = this.#pending;
    this.#pending = null;
    if (error === null) pending?.resolve(pending.size);
    else pending?.reject(fromNodeError(error));
  }
}

function tellEnd(this: CarriedSocket): void {
  this.carrier?.onEnd();
}

function tellError(this: CarriedSocket, error: Error): void {
  this.carrier?.onFailure({ error: fromNodeError(error) });
}

function tellClose(this: CarriedSocket): void {
  this.carrier?.onFailure(CLOSED);
}

function netAddress(hostname: string = "", port: number = 0): NetAddress {
  return { transport: "tcp", hostname, port };
}
