import type { Address, NetAddress, UnixAddress } from "../../../../protocols/facts/address.ts";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { GroupOptions } from "../../../../protocols/datagram_contract.ts";
import { DatagramTooLargeError } from "../../../../protocols/errors/datagram_errors.ts";
import { formatAddress } from "../../../core/addresses.ts";
import { startTimer } from "../../../core/clock.ts";
import { describeOsError, fromErrno } from "../../../core/os_error.ts";
import {
  type DatagramCarrier,
  type DatagramSink,
  type DatagramToSend,
  type DatagramUnderWay,
  MAX_DATAGRAM_SIZE,
  maxDatagramSizeOf,
  takeBack,
} from "../../../datagrams/datagram_carrier.ts";
import { AddressTable } from "../libc/address_table.ts";
import { E, EPOLL, LEVEL, type Libc, MSG, SO } from "../libc/libc.ts";
import { type OutgoingBatch, outgoingBatch } from "./outgoing_batch.ts";
import { changeMembership } from "./multicast.ts";
import { reactorOf, type ReadyHandler, type Watch } from "../_reactor.ts";
import { encodeIp, encodePath, MAX_ADDRESS_SIZE } from "../libc/socket_address.ts";
import { getOption } from "../libc/socket_calls.ts";
import { isTransient } from "../libc/errno.ts";

/** How many datagrams one endpoint receives in a turn. */
const MAX_DATAGRAMS = 32;

/** The first and the longest wait, in milliseconds, for a Unix receiver that has no room. */
const RETRIES_MS = { first: 1, longest: 20 } as const;

/** All endpoints of the thread are read into this memory. */
let memory: Bytes = new Uint8Array(MAX_DATAGRAM_SIZE);

const NOTHING = new Uint8Array(1);

const senderBytes = new Uint8Array(MAX_ADDRESS_SIZE);
const senderLength = new Uint32Array(1);
const senderLengthBytes = new Uint8Array(senderLength.buffer);

/** The addresses of a socket. */
interface Ends {
  /** Where it is bound. */
  readonly address: NetAddress | UnixAddress;
  /** Whom another program has connected it to. */
  readonly peer?: NetAddress | UnixAddress | undefined;
}

/** A socket that carries datagrams. */
export class EpollDatagramCarrier implements DatagramCarrier, ReadyHandler {
  readonly address: NetAddress | UnixAddress;
  readonly peer: NetAddress | UnixAddress | undefined;
  readonly maxSize: number | null;
  readonly #libc: Libc;
  readonly #watch: Watch;
  readonly #maxDatagramSize: number;
  readonly #addresses: AddressTable;
  readonly #onClosed: () => void;
  #sink: DatagramSink | null = null;
  #waiting: DatagramUnderWay | null = null;
  #retryMs: number = RETRIES_MS.first;
  #cancelRetry = (): void => {};
  #lastDestination: Address | null = null;
  #lastEncoded: Uint8Array = new Uint8Array(0);

  /** Owns the bound socket from now on. */
  constructor(
    libc: Libc,
    fd: number,
    { address, peer }: Ends,
    maxDatagramSize: number,
    onClosed: () => void,
  ) {
    this.#libc = libc;
    this.address = address;
    this.peer = peer;
    this.maxSize = "hostname" in address ? maxDatagramSizeOf(address) : null;
    this.#maxDatagramSize = maxDatagramSize;
    this.#onClosed = onClosed;
    this.#addresses = new AddressTable(libc);
    this.#watch = reactorOf(libc).open(fd, this);
  }

  /** The number of the socket, which is another's once it is closed. */
  get fd(): number {
    return this.#watch.fd;
  }

  /** Keeps the process alive while it is open, as it does at first. */
  ref(): void {
    this.#watch.isReferenced = true;
  }

  /** Lets the process end though it is open. */
  unref(): void {
    this.#watch.isReferenced = false;
  }

  start(sink: DatagramSink): void {
    this.#sink = sink;
    this.#watch.interest |= EPOLL.IN;
  }

  send(data: Uint8Array, destination: Address, onSettled: (error: unknown) => void): void {
    const one = { data, destination, onSettled };
    if (this.#trySend(one)) return;
    this.#awaitRoom();
    this.#waiting = one;
  }

  trySendMany(datagrams: readonly DatagramToSend[]): readonly unknown[] {
    // Of a Unix receiver without room no event tells, so each is tried by itself.
    if (!this.#isUdp || this.#waiting !== null || !this.#watch.isOpen) return [];
    const batch = outgoingBatch(this.#libc);
    batch.clear();
    for (const { data, destination } of datagrams) {
      if (data.length > (this.maxSize ?? 0)) break;
      const to = this.#tryToEncode(destination);
      if (to === null || !batch.add(data, to)) break;
    }
    if (batch.length < 2) return [];
    batch.store();
    return this.#sendBatch(batch, datagrams);
  }

  /** A failure is that of the first one that was not sent: the next call tries those after it. */
  #sendBatch(batch: OutgoingBatch, datagrams: readonly DatagramToSend[]): unknown[] {
    const outcomes: unknown[] = [];
    let lastRefused = -1;
    while (outcomes.length < batch.length) {
      const at = outcomes.length;
      const sent = batch.send(this.#watch.fd, at);
      for (let i = 0; i < sent; i++) outcomes.push(null);
      if (sent > 0) continue;
      const { errno } = this.#libc;
      if (isTransient(errno)) break;
      if (errno === E.CONNREFUSED && at !== lastRefused) {
        // That of an earlier one: this one was not tried. Its event tells the protocol, which must
        // find nothing half done.
        lastRefused = at;
        continue;
      }
      const { data, destination } = datagrams[at] ?? {};
      if (data === undefined || destination === undefined) break;
      outcomes.push(describeSendError(errno, data.length, destination));
    }
    return outcomes;
  }

  /** `null` for what cannot be encoded: the one who sends it alone is told why. */
  #tryToEncode(destination: Address): Uint8Array | null {
    try {
      return this.#encode(destination);
    } catch {
      return null;
    }
  }

  onReady(events: number): void {
    const isFailed = (events & (EPOLL.ERR | EPOLL.HUP)) !== 0;
    if (isFailed && this.#isUdp) this.#takeErrors();
    if (this.#isUdp && (isFailed || (events & EPOLL.OUT) !== 0)) this.#sendWaiting();
    if (isFailed || (events & EPOLL.IN) !== 0) this.#receive();
  }

  // deno-lint-ignore require-await -- a failure rejects
  async joinGroup(group: string, options: GroupOptions): Promise<void> {
    this.#change("join", group, options);
  }

  // deno-lint-ignore require-await -- a failure rejects
  async leaveGroup(group: string, options: GroupOptions): Promise<void> {
    this.#change("leave", group, options);
  }

  close(): void {
    this.#sink = null;
    this.#cancelRetry();
    this.#watch.close();
    this.#onClosed();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.onSettled(closedError());
  }

  getExtraInfo(name: string): unknown {
    if (name === "socket") return this;
    return name === "sockname" ? this.address : undefined;
  }

  get #isUdp(): boolean {
    return this.address.transport === "udp";
  }

  #change(action: "join" | "leave", group: string, options: GroupOptions): void {
    try {
      if (!this.#watch.isOpen) throw closedError();
      changeMembership(this.#libc, this.#watch.fd, action, group, options);
    } catch (error) {
      throw describeOsError(error, `Cannot ${action} ${group}`);
    }
  }

  #receive(): void {
    const max = this.#maxDatagramSize;
    if (memory.length < max) memory = new Uint8Array(max);
    for (let i = 0; i < MAX_DATAGRAMS && this.#sink !== null; i++) {
      senderLength[0] = senderBytes.length;
      const size = this.#libc.recvfrom(
        this.#watch.fd,
        memory,
        BigInt(max),
        // The whole length is told, even of what has no room.
        MSG.DONTWAIT | MSG.TRUNC,
        senderBytes,
        senderLengthBytes,
      );
      if (size < 0) return this.#failReceiving(this.#libc.errno);
      const sender = this.#addresses.get(senderBytes, senderLength[0] ?? 0);
      const data = memory.subarray(0, Math.min(size, max));
      const use = this.#sink.receive(data, sender, size > max);
      // It may have been transferred away, and has no length then.
      if (use === "lent") memory = takeBack(memory, max);
      else if (use === "kept") memory = new Uint8Array(max);
    }
  }

  /**
   * Tells of datagrams that did not arrive. Each is in a queue of its own (IP_RECVERR of ip(7)),
   * and the reason of the first of them is with the socket.
   */
  #takeErrors(): void {
    const flags = MSG.DONTWAIT | MSG.ERRQUEUE;
    for (let i = 0; i < MAX_DATAGRAMS && this.#watch.isOpen; i++) {
      senderLength[0] = senderBytes.length;
      const { fd } = this.#watch;
      const errno = getOption(this.#libc, fd, LEVEL.SOCKET, SO.ERROR);
      const n = this.#libc.recvfrom(fd, NOTHING, 0n, flags, senderBytes, senderLengthBytes);
      if (n < 0) return;
      // The one that sent it was told.
      if (errno === E.MSGSIZE) continue;
      const address = this.#addresses.get(senderBytes, senderLength[0] ?? 0);
      const action = `Cannot send datagram to ${formatAddress(address)}`;
      this.#sink?.fail(describeOsError(fromErrno(errno || E.CONNREFUSED), action));
    }
  }

  #failReceiving(errno: number): void {
    if (isTransient(errno)) return;
    this.#sink?.fail(describeOsError(fromErrno(errno), "Cannot receive datagram"));
  }

  #awaitRoom(): void {
    if (this.#isUdp) return void (this.#watch.interest |= EPOLL.OUT);
    // The receiver's: of that no event tells, while this socket itself always has some.
    this.#cancelRetry = startTimer(this.#retryMs, () => this.#sendWaiting());
    this.#retryMs = Math.min(2 * this.#retryMs, RETRIES_MS.longest);
  }

  #sendWaiting(): void {
    const waiting = this.#waiting;
    if (waiting !== null && !this.#trySend(waiting)) return this.#awaitRoom();
    this.#waiting = null;
    this.#retryMs = RETRIES_MS.first;
    this.#watch.interest &= ~EPOLL.OUT;
  }

  /** Whether the system took a datagram or refused it; if not, it has no room yet. */
  #trySend(one: DatagramUnderWay, isLate = true): boolean {
    const { data, destination, onSettled } = one;
    let error: unknown = null;
    try {
      // Its number may be that of another socket by now.
      if (!this.#watch.isOpen) throw closedError();
      const to = this.#encode(destination);
      const flags = MSG.DONTWAIT | MSG.NOSIGNAL;
      const { fd } = this.#watch;
      const sent = this.#libc.sendto(fd, data, BigInt(data.length), flags, to, to.length);
      if (sent < 0) {
        const { errno } = this.#libc;
        if (isTransient(errno)) return false;
        // That of an earlier one, which is told by itself: this one was not tried.
        if (isLate && errno === E.CONNREFUSED && this.#isUdp) {
          this.#takeErrors();
          return this.#trySend(one, false);
        }
        error = describeSendError(errno, data.length, destination);
      }
    } catch (thrown) {
      error = thrown;
    }
    queueMicrotask(() => onSettled(error));
    return true;
  }

  #encode(destination: Address): Uint8Array {
    if (destination === this.#lastDestination) return this.#lastEncoded;
    const known = this.#addresses.bytesOf(destination);
    if (known !== undefined) this.#lastEncoded = known;
    else if ("hostname" in destination) {
      this.#lastEncoded = encodeIp(this.#libc, destination.hostname, destination.port);
    } else if ("path" in destination) this.#lastEncoded = encodePath(destination.path);
    this.#lastDestination = destination;
    return this.#lastEncoded;
  }
}

function closedError(): Error {
  return new Deno.errors.Interrupted("The socket was closed");
}

function describeSendError(errno: number, size: number, destination: Address): Error {
  const where = formatAddress(destination);
  const error = fromErrno(errno);
  if (errno === E.MSGSIZE) return new DatagramTooLargeError(size, null, where, { cause: error });
  return describeOsError(error, `Cannot send datagram to ${where}`);
}
