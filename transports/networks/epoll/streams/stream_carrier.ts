import type { Address } from "../../../../protocols/facts/address.ts";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { ByteSink, Carrier, CarrierOutcome, PushSource } from "../../../core/carrier.ts";
import type {
  CarrierFile,
  SystemCarrier,
  SystemSink,
} from "../../../core/system/system_carrier.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { ReadMemory } from "../_read_memory.ts";
import { isTransient } from "../libc/errno.ts";
import { E, EPOLL, type Libc, MSG, SHUT_WR } from "../libc/libc.ts";
import { reactorOf, type ReadyHandler, type Watch } from "../_reactor.ts";
import { resetWhenClosed } from "../_socket_settings.ts";
import { openSystemFile } from "./system_file.ts";
import { type Pipe, pipesOf } from "./splice_pipe.ts";

/** How much is read at once, in bytes, and how much where that is full and more is welcome. */
const READ_SIZE = 65_536;
const BULK_SIZE = 262_144;

/** All connections of the thread are read into this memory: it is copied from, or taken away. */
const memory = new ReadMemory(READ_SIZE);
const bulkMemory = new ReadMemory(BULK_SIZE);

/** Bytes of a connection that is closed, to be forgotten: the other memory may be lent. */
const discarded: Bytes = new Uint8Array(65_536);
const DISCARDED_SIZE = BigInt(discarded.length);
/** How often that is filled: the system holds some megabytes. */
const MAX_DISCARDED_READS = 64;

/** How later calls fail: to make an error for each connection costs much. */
const CLOSED = {
  get error(): Error {
    return new Deno.errors.Interrupted("The socket was closed");
  },
};

/** Bytes that wait until the system has room. */
interface PendingWrite {
  /** Tries again to send; gives how many bytes the system took, `null` if it has no room. */
  send(): number | null;
  resolve(size: number): void;
  reject(error: unknown): void;
}

/** Where what arrives goes within the system. */
interface Diversion {
  readonly to: StreamCarrier;
  readonly sink: SystemSink;
}

/** Receives bytes together with descriptors. */
export interface DescriptorInbox {
  /** Why the last ones could not be taken in: the connection is to end. */
  readonly failure: Error | null;
  /** Reads from the socket into memory; gives what recvmsg(2) gives. */
  receive(fd: number, bytes: Bytes): number;
  /** The connection has ended. */
  end(): void;
}

/** The facts of a connection. */
export interface Ends {
  /** The address of this end. */
  readonly local: Address;
  /** That of the other end. */
  readonly remote: Address;
  /** Whether an end that is not in good order resets the connection. */
  readonly resetsOnAbort?: boolean | undefined;
}

/** A socket that carries a stream, as a {@linkcode Carrier} that pushes. */
export class StreamCarrier implements SystemCarrier, PushSource, ReadyHandler {
  readonly isTimed = true;
  readonly givesMemory = true;
  /** The C library for the calls of the socket. */
  readonly libc: Libc;
  /** The number of the socket, which is another's once it is closed. */
  readonly fd: number;
  readonly #watch: Watch;
  readonly #ends: Ends;
  #sink: ByteSink | null = null;
  #isReading = false;
  #isBulk = false;
  #hasEnded = false;
  // How reading failed, of which the system tells one call only, or that the socket is closed: the
  // next write learns it from here.
  #failure: { readonly error: unknown } | null = null;
  #pending: PendingWrite | null = null;
  #diversion: Diversion | null = null;
  #inbox: DescriptorInbox | null = null;

  /** Owns the connected socket from now on. */
  constructor(libc: Libc, fd: number, ends: Ends) {
    this.libc = libc;
    this.fd = fd;
    this.#ends = ends;
    this.#watch = reactorOf(libc).open(fd, this);
  }

  /** Whether the socket is not closed yet. */
  get isOpen(): boolean {
    return this.#watch.isOpen;
  }

  /** The kind of the socket. */
  get kind(): "tcp" | "unix" {
    return this.#ends.local.transport === "tcp" ? "tcp" : "unix";
  }

  /** Keeps the process alive while it is open, as it does at first. */
  ref(): void {
    this.#watch.isReferenced = true;
  }

  /** Lets the process end though it is open. */
  unref(): void {
    this.#watch.isReferenced = false;
  }

  /** The address of the other end. */
  get remote(): Address {
    return this.#ends.remote;
  }

  get source(): PushSource {
    return this;
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    if (this.#hasEnded) return;
    this.#isReading = true;
    try {
      this.#watch.interest |= EPOLL.IN;
    } catch (error) {
      this.#end(error);
    }
  }

  onReady(events: number): void {
    // Failures are told by the call that meets them.
    const isFailed = (events & (EPOLL.ERR | EPOLL.HUP)) !== 0;
    if (this.#isReading && (isFailed || (events & EPOLL.IN) !== 0)) this.#read();
    if (this.#pending !== null && (isFailed || (events & EPOLL.OUT) !== 0)) this.#sendPending();
    // A socket that waits for nothing any more may wait again soon: it is taken out when an event
    // comes.
    const wanted = (this.#isReading ? EPOLL.IN : 0) | (this.#pending === null ? 0 : EPOLL.OUT);
    if (isFailed || (events & ~wanted) !== 0) this.#watch.interest = wanted;
  }

  write(bytes: Uint8Array): number | Promise<number> {
    if (this.#failure !== null) throw this.#failure.error;
    return this.#send(bytes) ?? this.#sendLater(() => this.#send(bytes));
  }

  /**
   * Receives descriptors from now on.
   *
   * @throws {InvalidStateError} If it does already.
   */
  receiveDescriptors(inbox: DescriptorInbox): void {
    if (this.#inbox !== null) {
      throw new InvalidStateError("Cannot receive descriptors: the connection does so already");
    }
    this.#inbox = inbox;
  }

  /** Gives the socket to the caller, as it is: nothing is read or written here any more. */
  detach(): number {
    this.#watch.release();
    return this.fd;
  }

  /**
   * Sends by another call of the system: now, or when there is room.
   *
   * @param call Makes the call and gives its result, which is negative if it failed.
   * @returns Its result, once that is not negative.
   */
  sendBy(call: () => number): number | Promise<number> {
    if (this.#failure !== null) throw this.#failure.error;
    const send = (): number | null => this.#taken(call());
    return send() ?? this.#sendLater(send);
  }

  openFile(path: string | URL): Promise<CarrierFile> {
    return openSystemFile(this, path);
  }

  spliceTo(other: Carrier, sink: SystemSink): (() => void) | null {
    if (!(other instanceof StreamCarrier) || other.libc !== this.libc) return null;
    const end = pipesOf(this.libc).use();
    const diversion = { to: other, sink };
    this.#diversion = diversion;
    return () => {
      if (this.#diversion === diversion) this.#diversion = null;
      end();
    };
  }

  tryWrite(bytes: Uint8Array): number {
    // A failure is told by `write`, to which the bytes go then.
    if (this.#failure !== null) return 0;
    const n = this.libc.send(this.fd, bytes, BigInt(bytes.length), MSG.DONTWAIT | MSG.NOSIGNAL);
    if (n >= 0) return n;
    const { errno } = this.libc;
    if (!isTransient(errno)) this.#failure = { error: fromErrno(errno) };
    return 0;
  }

  // deno-lint-ignore require-await -- a failure rejects
  async closeWrite(): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
    if (this.libc.shutdown(this.fd, SHUT_WR) < 0) throw fromErrno(this.libc.errno);
  }

  get canReset(): boolean {
    return this.kind === "tcp";
  }

  close({ endedBy, error, reset = this.#ends.resetsOnAbort ?? false }: CarrierOutcome): void {
    const isOrderly = endedBy !== "abort" && error === null;
    // To close a socket with unread bytes resets the connection, and the peer may lose what was
    // sent before.
    if (isOrderly && !this.#hasEnded && this.isOpen) this.#discardUnread();
    // Closed twice, its number may be that of another socket.
    if (!isOrderly && reset && this.canReset && this.isOpen) resetWhenClosed(this.libc, this.fd);
    this.#sink = null;
    this.#isReading = false;
    this.#hasEnded = true;
    this.#watch.close();
    this.#failure ??= CLOSED;
    if (this.#pending !== null) this.#rejectPending(CLOSED.error);
    this.#inbox?.end();
  }

  getExtraInfo(name: string): unknown {
    switch (name) {
      case "peername":
        return this.#ends.remote;
      case "sockname":
        return this.#ends.local;
      case "socket":
        return this;
      default:
        return undefined;
    }
  }

  #read(): void {
    if (!this.#sink?.isAsking()) return void (this.#isReading = false);
    const diversion = this.#usedDiversion;
    const pipe = diversion === null ? null : pipesOf(this.libc).take();
    if (diversion !== null && pipe !== null) return this.#divert(diversion, pipe);
    const readMemory = this.#isBulk && this.#sink.takesBulk ? bulkMemory : memory;
    const { size, bytes } = readMemory;
    const n = this.#inbox === null
      ? this.libc.recv(this.fd, bytes, size, MSG.DONTWAIT)
      : this.#inbox.receive(this.fd, bytes);
    if (n > 0 && this.#inbox?.failure) return this.#end(this.#inbox.failure);
    if (n > 0) {
      this.#isBulk = n >= READ_SIZE;
      if (this.#sink.receive(bytes, n)) return;
      this.#isReading = false;
      return readMemory.leave();
    }
    this.#onReadNothing(n === 0 ? 0 : this.libc.errno);
  }

  /** Where the next bytes go; a pipe has no place for the descriptors that come with them. */
  get #usedDiversion(): Diversion | null {
    return this.#inbox === null && this.#diversion?.sink.isTaking() ? this.#diversion : null;
  }

  /** Reads into a pipe, of which the other connection sends. */
  #divert({ to, sink }: Diversion, pipe: Pipe): void {
    const n = pipe.fill(this.fd);
    if (n > 0) {
      return sink.take(pipe.bytesFor((send) => to.sendBy(() => send(to.fd))), n);
    }
    const errno = n === 0 ? 0 : this.libc.errno;
    pipe.end();
    // There is no way for sockets of this kind: they are read as always.
    if (errno === E.INVAL) this.#diversion = null;
    else this.#onReadNothing(errno);
  }

  /** A call that reads has given nothing: at the end of the data, or as it failed. */
  #onReadNothing(errno: number): void {
    if (!isTransient(errno)) this.#end(errno === 0 ? null : fromErrno(errno));
  }

  #end(error: unknown): void {
    this.#isReading = false;
    this.#hasEnded = true;
    if (error === null) return void this.#sink?.end();
    this.#failure = { error };
    this.#sink?.fail(error);
    this.#rejectPending(error);
  }

  /** How many bytes the system took; `null` if it has no room. */
  #send(bytes: Uint8Array): number | null {
    const flags = MSG.DONTWAIT | MSG.NOSIGNAL;
    return this.#taken(this.libc.send(this.fd, bytes, BigInt(bytes.length), flags));
  }

  /** Reads the result of a call that sends; `null` if there was no room. */
  #taken(n: number): number | null {
    if (n >= 0) return n;
    const { errno } = this.libc;
    if (isTransient(errno)) return null;
    throw fromErrno(errno);
  }

  #sendLater(send: () => number | null): Promise<number> {
    this.#watch.interest |= EPOLL.OUT;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#pending = { send, resolve, reject };
    return promise;
  }

  #sendPending(): void {
    const pending = this.#pending;
    if (pending === null) return;
    try {
      const sent = pending.send();
      if (sent === null) return;
      this.#pending = null;
      pending.resolve(sent);
    } catch (error) {
      this.#rejectPending(error);
    }
  }

  #rejectPending(error: unknown): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.reject(error);
  }

  #discardUnread(): void {
    this.libc.shutdown(this.fd, SHUT_WR);
    for (let i = 0; i < MAX_DISCARDED_READS; i++) {
      const n = this.libc.recv(this.fd, discarded, DISCARDED_SIZE, MSG.DONTWAIT);
      if (n < discarded.length) return;
    }
  }
}
