import type { Addr } from "./place.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { OpenWait } from "../engine/open_wait.ts";
import type { Flow, FlowReceiver, FlowSender } from "./flow.ts";
import {
  badResource,
  brokenPipe,
  connectionReset,
  interrupted,
  notConnected,
} from "./socket_errors.ts";

/** How much `readable` reads at a time, in bytes. */
const READ_SIZE = 65_536;

/** The host of a connection. */
export interface ConnectionHost {
  /** Whether the machine is on. */
  readonly isUp: boolean;
  /** Whether its program reads what arrives. */
  readonly isReading: boolean;
  /** Something went on. */
  touch(): void;
  /** A read or a write waits. */
  waits(what: string, isTraced: boolean): OpenWait;
  /** The connection was closed. */
  onClosed(connection: SimulatedConnection): void;
}

/** The state of a connection. */
export interface ConnectionState {
  /** Its addresses, as `10.0.0.1:49152 -> 10.0.0.2:80`. */
  readonly name: string;
  /** Its state, as `netstat` names it. */
  readonly state: string;
  /** The operations that are pending. */
  readonly waits: readonly OpenWait[];
  /** Bytes that arrived and were not read. */
  readonly unread: number;
  /** Bytes that were written and not read by the peer. */
  readonly unsent: number;
}

/** A read or a write that waits. */
interface Pending<T> {
  readonly wait: OpenWait;
  /** The bytes to write, or where those that are read go. */
  readonly bytes: Uint8Array;
  resolve(n: T): void;
  reject(error: Error): void;
}

/**
 * One end of a simulated connection: a `Deno.TcpConn` or `Deno.UnixConn`, with their errors. What
 * arrived is read before an end or a failure is told, as the system does.
 */
export class SimulatedConnection implements FlowReceiver, FlowSender {
  /** Where this end is. */
  readonly localAddr: Addr;
  /** Where the other end is. */
  readonly remoteAddr: Addr;
  /** Whether the library reads and writes, and not a program by itself. */
  isDriven = false;
  /** The wait for the peer to take the connection; `null` at the peer, and afterwards. */
  opening: OpenWait | null = null;
  readonly #host: ConnectionHost;
  readonly #name: string;
  #incoming: Flow | null = null;
  #outgoing: Flow | null = null;
  readonly #opened = Promise.withResolvers<void>();
  readonly #inbox: Uint8Array[] = [];
  #unread = 0;
  readonly #reads: Pending<number | null>[] = [];
  readonly #writes: Pending<number>[] = [];
  #isReadEnded = false;
  #isWriteEnded = false;
  #isClosed = false;
  // Whether its machine was turned off since: it answers as for a connection that never was.
  #isForgotten = false;
  // Whether its program is gone: no operation of it settles.
  #isOrphan = false;
  // Why reading fails, once what arrived was read.
  #failure: Error | null = null;
  // Why writing fails.
  #writeFailure: Error | null = null;
  #readable: ReadableStream<Bytes> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;

  /** An end that is not connected yet. `name` is what a report of waits calls it. */
  constructor(host: ConnectionHost, name: string, localAddr: Addr, remoteAddr: Addr) {
    this.#host = host;
    this.#name = name;
    this.localAddr = localAddr;
    this.remoteAddr = remoteAddr;
  }

  /** Resolves when the peer has taken the connection; for a client. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Gives it its two directions. */
  join(outgoing: Flow, incoming: Flow): void {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
  }

  /** Its state and its waits. */
  describe(): ConnectionState {
    return {
      name: this.#name,
      state: this.#state,
      waits: [
        ...(this.opening === null ? [] : [this.opening]),
        ...[...this.#reads, ...this.#writes].map(({ wait }) => wait),
      ],
      unread: this.#unread,
      unsent: this.#outgoing?.held ?? 0,
    };
  }

  get #state(): string {
    if (this.#isClosed || this.#failure !== null) return "CLOSED";
    if (this.opening !== null) return "SYN_SENT";
    if (this.#isWriteEnded) {
      const isDelivered = this.#outgoing?.isDelivered ?? true;
      if (this.#isReadEnded) return isDelivered ? "TIME_WAIT" : "LAST_ACK";
      return isDelivered ? "FIN_WAIT2" : "FIN_WAIT1";
    }
    return this.#isReadEnded ? "CLOSE_WAIT" : "ESTABLISHED";
  }

  // The application's side.

  /** Reads at least one byte into `target`; `null` at the end. */
  read(target: Uint8Array): Promise<number | null> {
    this.#host.touch();
    if (this.#isOrphan) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(badResource());
    if (target.length === 0) return Promise.resolve(0);
    if (this.#host.isReading && this.#reads.length === 0) {
      if (this.#unread > 0) return Promise.resolve(this.#take(target));
      if (this.#isReadEnded) return Promise.resolve(null);
      if (this.#failure !== null) return Promise.reject(this.#failure);
    }
    const wait = this.#host.waits(`read ${this.#name}`, !this.isDriven);
    return new Promise((resolve, reject) => {
      this.#reads.push({ wait, bytes: target, resolve, reject });
    });
  }

  /** Sends the start of `bytes`; resolves to how much of it. */
  write(bytes: Uint8Array): Promise<number> {
    this.#host.touch();
    if (this.#isOrphan) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(badResource());
    if (this.#writeFailure !== null) {
      const failure = this.#writeFailure;
      // The reset is told once, as by the system.
      this.#writeFailure = brokenPipe();
      return Promise.reject(failure);
    }
    if (this.#isWriteEnded) return Promise.reject(brokenPipe());
    const sent = this.#writes.length === 0 ? this.#outgoing?.send(bytes) ?? 0 : 0;
    if (sent > 0 || bytes.length === 0) return Promise.resolve(sent);
    const wait = this.#host.waits(`write of ${bytes.length} B ${this.#name}`, !this.isDriven);
    return new Promise((resolve, reject) => {
      this.#writes.push({ wait, bytes, resolve, reject });
    });
  }

  /** Ends the outgoing direction. */
  closeWrite(): Promise<void> {
    this.#host.touch();
    if (this.#isOrphan) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(badResource());
    if (this.#failure !== null || this.#writeFailure !== null) {
      return Promise.reject(notConnected());
    }
    this.#end();
    return Promise.resolve();
  }

  /** Ends both directions: what was written still arrives, what arrives from now on is refused. */
  close(): void {
    this.#host.touch();
    if (this.#isOrphan) return;
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    for (const read of this.#reads.splice(0)) read.reject(interrupted());
    for (const write of this.#writes.splice(0)) write.reject(interrupted());
    this.#endBoth();
    this.#inbox.length = 0;
    this.#host.onClosed(this);
  }

  /** Ends both directions: the peer's next operation fails, after it has read what arrived. */
  reset(): void {
    if (this.#isClosed || this.#isOrphan) return;
    if (!this.#isWriteEnded || !this.#isReadEnded) this.#outgoing?.sendReset();
    this.#isWriteEnded = true;
    this.#inbox.length = this.#unread = 0;
    this.close();
  }

  /** Small segments are sent at once here in any case. */
  setNoDelay(_isOn?: boolean): void {}

  /** An idle peer that vanished is not noticed. */
  setKeepAlive(_isOn?: boolean): void {}

  /** A world goes on until its clients are done. */
  ref(): void {}

  /** The same. */
  unref(): void {}

  /** Closes it, unless it is closed. */
  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  /** The incoming bytes; the connection is closed at their end, as Deno does. */
  get readable(): ReadableStream<Bytes> {
    return this.#readable ??= new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const target = new Uint8Array(READ_SIZE);
        const n = await this.read(target);
        if (n !== null) return controller.enqueue(target.subarray(0, n));
        controller.close();
        // A byte stream with a pending view ends that with an empty answer.
        controller.byobRequest?.respond(0);
        this[Symbol.dispose]();
      },
      cancel: () => this[Symbol.dispose](),
    });
  }

  /** Takes outgoing bytes; to close it closes the connection, as Deno does. */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream<Uint8Array>({
      write: async (chunk) => {
        for (let sent = 0; sent < chunk.length;) sent += await this.write(chunk.subarray(sent));
      },
      close: () => this[Symbol.dispose](),
      abort: () => this[Symbol.dispose](),
    });
  }

  // The system's side.

  /** Whether its host is there at all. */
  get isReachable(): boolean {
    return this.#host.isUp;
  }

  /** Whether it waits for room to write. */
  get isWriting(): boolean {
    return this.#writes.length > 0;
  }

  /** The peer has taken the connection. */
  receiveOpen(): void {
    // The program that connected may have given up meanwhile.
    if (this.#isClosed) return void this.#outgoing?.sendReset();
    this.opening = null;
    this.#opened.resolve();
    this.#host.touch();
  }

  /** Bytes arrived. */
  receive(bytes: Uint8Array): void {
    if (this.#isClosed) return void this.#outgoing?.sendReset();
    this.#inbox.push(bytes);
    this.#unread += bytes.length;
    this.wake();
  }

  /** The peer ended its direction. */
  receiveEnd(): void {
    if (this.#isForgotten) return void this.#outgoing?.sendReset();
    this.#isReadEnded = true;
    this.wake();
  }

  /** The connection was reset. */
  receiveReset(): void {
    // After the end of the peer's direction, that end is all that reading tells.
    this.#break(connectionReset(), this.#isReadEnded ? brokenPipe() : connectionReset());
  }

  /** The connection was lost on its way. */
  onBroken(error: Error): void {
    this.#break(error, error);
  }

  /** The peer has room again. */
  onRoom(): void {
    this.#host.touch();
    while (this.#writes.length > 0) {
      const write = this.#writes[0] as Pending<number>;
      const sent = this.#outgoing?.send(write.bytes) ?? 0;
      if (sent === 0) return;
      this.#writes.shift();
      write.resolve(sent);
    }
  }

  /** Whether the peer reset it. */
  get isReset(): boolean {
    return this.#failure !== null;
  }

  /** The program gave up connecting: an answer that still comes is refused. */
  giveUp(): void {
    this.#isClosed = this.#isWriteEnded = true;
    this.#host.onClosed(this);
  }

  /** It was never accepted: the system resets it. */
  refuse(): void {
    this.#outgoing?.sendReset();
    this.giveUp();
  }

  /** Its machine was turned off: nothing that waits goes on, nothing is told to the peer. */
  vanish(): void {
    this.#isClosed = this.#isForgotten = this.#isOrphan = true;
    this.#reads.length = this.#writes.length = 0;
    this.#outgoing?.stop();
  }

  /** Its program ended without closing it; its system does. */
  abandon(): void {
    this.#reads.length = this.#writes.length = 0;
    this[Symbol.dispose]();
    this.#isOrphan = true;
  }

  /** Lets reads go on that can. */
  wake(): void {
    if (!this.#host.isReading) return;
    while (this.#reads.length > 0) {
      const [{ bytes, resolve, reject }] = this.#reads as [Pending<number | null>];
      if (this.#unread > 0) resolve(this.#take(bytes));
      else if (this.#isReadEnded) resolve(null);
      else if (this.#failure !== null) reject(this.#failure);
      else return;
      this.#reads.shift();
      this.#host.touch();
    }
  }

  #break(failure: Error, writeFailure: Error): void {
    this.#failure ??= failure;
    this.#writeFailure ??= writeFailure;
    this.#outgoing?.stop();
    this.#incoming?.stop();
    this.#host.touch();
    for (const write of this.#writes.splice(0)) {
      write.reject(writeFailure);
      this.#writeFailure = brokenPipe();
    }
    this.wake();
  }

  #endBoth(): void {
    const isUnix = "path" in this.localAddr;
    const hasUnread = this.#unread > 0;
    // Over TCP the peer gets the end first, then the answer to what was never read. Over a Unix
    // socket it is one or the other, and it learns at once that nothing takes what it writes.
    if (!isUnix) this.#end();
    else if (!hasUnread) this.#outgoing?.sendEnd(true);
    this.#isWriteEnded = true;
    if (hasUnread) this.#outgoing?.sendReset();
  }

  #end(): void {
    if (this.#isWriteEnded) return;
    this.#isWriteEnded = true;
    this.#outgoing?.sendEnd();
  }

  #take(target: Uint8Array): number {
    let n = 0;
    while (n < target.length && this.#inbox.length > 0) {
      const chunk = this.#inbox[0] as Uint8Array;
      const length = Math.min(chunk.length, target.length - n);
      target.set(length === chunk.length ? chunk : chunk.subarray(0, length), n);
      n += length;
      if (length === chunk.length) this.#inbox.shift();
      else this.#inbox[0] = chunk.subarray(length);
    }
    this.#unread -= n;
    this.#incoming?.taken(n);
    return n;
  }
}
