import type { Address } from "../../../../protocols/facts/address.ts";
import type { Carrier } from "../../../core/carrier.ts";
import { isWildcard } from "../../../core/addresses.ts";
import { fromErrno } from "../../../core/os_error.ts";
import type { NetworkListener } from "../../../servers/network_listener.ts";
import { E, EPOLL, type Libc, SOCK } from "../libc/libc.ts";
import { reactorOf, type ReadyHandler, type Watch } from "../_reactor.ts";
import { decodeAddress, MAX_ADDRESS_SIZE } from "../libc/socket_address.ts";
import { isTransient } from "../libc/errno.ts";
import { makeStreamCarrier } from "./lingering_carrier.ts";
import { localAddressOf } from "../libc/socket_calls.ts";

/** Failures of the next connection that accept(2) says to treat as if there was none. */
const NOT_OURS: readonly number[] = [
  E.NETDOWN,
  E.PROTO,
  E.NOPROTOOPT,
  E.HOSTDOWN,
  E.NONET,
  E.HOSTUNREACH,
  E.OPNOTSUPP,
  E.NETUNREACH,
];

const addressBytes = new Uint8Array(MAX_ADDRESS_SIZE);
const addressLength = new Uint32Array(1);
const addressLengthBytes = new Uint8Array(addressLength.buffer);

/** Options for a {@linkcode StreamListener}. */
interface ListenerOptions {
  /** Prepares the socket of a connection. */
  prepare(fd: number): void;
  /** How long a connection waits for acknowledgements at its end, in milliseconds. */
  readonly linger?: number | undefined;
  /** Whether an end that is not in good order resets the connection. */
  readonly resetsOnAbort?: boolean | undefined;
  /** Removes the file of a Unix socket, when the listener was closed. */
  removeFile?(): void;
}

/** A socket that listens. */
export class StreamListener implements NetworkListener, ReadyHandler {
  readonly address: Address;
  readonly #libc: Libc;
  readonly #watch: Watch;
  readonly #options: ListenerOptions;
  // Whether connections have the address of the listener: not if it is bound to all.
  readonly #isBoundToOne: boolean;
  // Whether another process may go on with the socket.
  #isShared = false;
  #accepting: PromiseWithResolvers<Carrier> | null = null;

  /** Owns the listening socket from now on. */
  constructor(libc: Libc, fd: number, address: Address, options: ListenerOptions) {
    this.#libc = libc;
    this.address = address;
    this.#options = options;
    this.#isBoundToOne = !isWildcard(address);
    this.#watch = reactorOf(libc).open(fd, this);
  }

  /** The functions that the calls for the socket go to. */
  get libc(): Libc {
    return this.#libc;
  }

  /** The number of the socket. */
  get fd(): number {
    return this.#watch.fd;
  }

  accept(): Promise<Carrier> {
    if (!this.#watch.isOpen) return Promise.reject(closedError());
    if (this.#accepting !== null) return this.#accepting.promise;
    try {
      const carrier = this.#tryToAccept();
      if (carrier !== null) return Promise.resolve(carrier);
      this.#watch.interest = EPOLL.IN;
      this.#accepting = Promise.withResolvers();
      return this.#accepting.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(): void {
    this.#watch.close();
    this.#accepting?.reject(closedError());
    this.#accepting = null;
    if (!this.#isShared) this.#options.removeFile?.();
  }

  /** Another process may go on with the socket: the file of a Unix socket stays. */
  share(): void {
    this.#isShared = true;
  }

  /** Keeps the process alive while it is open, as it does at first. */
  ref(): void {
    this.#watch.isReferenced = true;
  }

  /** Lets the process end though it is open. */
  unref(): void {
    this.#watch.isReferenced = false;
  }

  onReady(): void {
    const accepting = this.#accepting;
    // While it is not asked for connections, they wait in the backlog.
    if (accepting === null) return void (this.#watch.interest = 0);
    try {
      const carrier = this.#tryToAccept();
      if (carrier === null) return;
      this.#accepting = null;
      accepting.resolve(carrier);
    } catch (error) {
      this.#accepting = null;
      accepting.reject(error);
    }
  }

  #tryToAccept(): Carrier | null {
    addressLength[0] = addressBytes.length;
    const flags = SOCK.NONBLOCK | SOCK.CLOEXEC;
    const fd = this.#libc.accept4(this.#watch.fd, addressBytes, addressLengthBytes, flags);
    if (fd >= 0) return this.#toCarrier(fd);
    const { errno } = this.#libc;
    // If another connection waits, the next turn tells of it.
    if (isTransient(errno) || NOT_OURS.includes(errno)) return null;
    throw fromErrno(errno);
  }

  #toCarrier(fd: number): Carrier {
    try {
      const remote = decodeAddress(this.#libc, addressBytes, addressLength[0] ?? 0, "stream");
      this.#options.prepare(fd);
      const { linger, resetsOnAbort } = this.#options;
      const local = this.#isBoundToOne ? this.address : localAddressOf(this.#libc, fd, "stream");
      return makeStreamCarrier(this.#libc, fd, { local, remote, resetsOnAbort }, linger);
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
  }
}

function closedError(): Error {
  return new Deno.errors.BadResource("Listener has been closed");
}
