import type { Transport } from "../../../../protocols/contract.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../../../../protocols/option_checks.ts";
import { signalOf, type WaitOptions } from "../../../../protocols/waits/wait_options.ts";
import { WaitQueue } from "../../../../protocols/waits/wait_queue.ts";
import { messagesOf } from "../libc/descriptor_messages.ts";
import type { Libc } from "../libc/libc.ts";
import type { DescriptorInbox } from "../streams/stream_carrier.ts";
import { plainSocketOf } from "../_socket_of.ts";
import { Descriptor } from "./descriptor.ts";

/** The default of `maxUnread`. */
const DEFAULT_MAX_UNREAD = 64;

/** Options for {@linkcode receiveDescriptors}. */
export interface ReceiveDescriptorsOptions {
  /**
   * How many received descriptors may wait to be read. With more the connection ends, because a
   * peer could otherwise use up the descriptors of the process.
   *
   * @default {64}
   */
  readonly maxUnread?: number;
}

const CHECKS: OptionTable<ReceiveDescriptorsOptions> = { maxUnread: check.wholeNumber(1) };

/**
 * Receives the descriptors that the peer of a Unix socket on {@linkcode epollNetwork} sends with
 * its bytes (SCM_RIGHTS of unix(7)), from now on: call it in `connectionMade`, or first in the
 * handler.
 * Without it the system closes them as they come.
 *
 * A descriptor is there before the bytes that it was sent with are: once they are read,
 * `read()` gives it at once. Each belongs to the connection until it is closed, released or taken
 * over: those that are left are closed when the connection is.
 *
 * If the process has too many descriptors open to take one in, the connection ends with a
 * `Deno.errors.Busy`, because the bytes would tell of one that is not there.
 *
 * @example Connections from another process
 * ```ts ignore
 * import { startUnixServer, StreamConnection } from "@sluice/net";
 * import { connectCarrier } from "@sluice/net/transports";
 * import { adoptSocket, epollNetwork as network, receiveDescriptors } from "@sluice/net/epoll";
 *
 * await startUnixServer(async ({ transport, reader }) => {
 *   const descriptors = receiveDescriptors(transport);
 *   for await (const _line of reader.lines()) {
 *     const socket = await descriptors.read();
 *     if (socket === null) return;
 *     const { transport } = await connectCarrier(() => ({}), adoptSocket(socket));
 *     StreamConnection.over(transport).writer.write("welcome\n");
 *   }
 * }, { path: "/run/worker.sock", network });
 * ```
 *
 * @param transport The connection, without layers.
 * @param options How many may wait.
 * @returns What gives them, in the order in which they were sent.
 * @throws {TypeError} If it is no such connection.
 * @throws {InvalidStateError} If it is closed, or this was called before.
 */
export function receiveDescriptors(
  transport: Transport,
  options: ReceiveDescriptorsOptions = {},
): DescriptorReader {
  checkOptions("receive descriptors", options, CHECKS);
  const { connection, carrier } = plainSocketOf("receive descriptors", transport, "unix");
  if (connection.lifecycle.isClosing || !carrier.isOpen) {
    throw new InvalidStateError("Cannot receive descriptors: the connection is closed");
  }
  const reader = new Inbox(carrier.libc, options.maxUnread ?? DEFAULT_MAX_UNREAD);
  carrier.receiveDescriptors(reader);
  return reader;
}

/** Gives the descriptors that a peer has sent: see {@linkcode receiveDescriptors}. */
export interface DescriptorReader extends AsyncIterable<Descriptor> {
  /**
   * The next descriptor, once it has come.
   *
   * @param options A signal or a timeout for the wait; nothing is lost by either.
   * @returns The descriptor; `null` once the connection has ended.
   */
  read(options?: WaitOptions): Promise<Descriptor | null>;
}

/** The queue of the descriptors that a connection has received. */
class Inbox implements DescriptorReader, DescriptorInbox {
  failure: Error | null = null;
  readonly #libc: Libc;
  readonly #maxUnread: number;
  readonly #unread: Descriptor[] = [];
  // Those that the connection has to close.
  readonly #open = new Set<Descriptor>();
  readonly #waiting = new WaitQueue();
  #hasEnded = false;

  constructor(libc: Libc, maxUnread: number) {
    this.#libc = libc;
    this.#maxUnread = maxUnread;
  }

  receive(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    const messages = messagesOf(this.#libc);
    const n = messages.receive(fd, bytes);
    if (n <= 0) return n;
    for (const number of messages.received) this.#add(number);
    if (messages.isTruncated) {
      this.failure = new Deno.errors.Busy(
        "Cannot receive descriptors: the process has too many open, or may not have these",
      );
    } else if (this.#unread.length > this.#maxUnread) {
      this.failure = new Deno.errors.InvalidData(
        `Cannot receive descriptors: more than ${this.#maxUnread} have come that were not read`,
      );
    }
    if (messages.received.length > 0) this.#waiting.release();
    return n;
  }

  async read(options: WaitOptions = {}): Promise<Descriptor | null> {
    const signal = signalOf("read descriptor", options);
    signal?.throwIfAborted();
    for (;;) {
      const next = this.#unread.shift();
      if (next?.isOpen) return next;
      if (next === undefined && this.#hasEnded) return null;
      if (next === undefined) await this.#waiting.wait(signal);
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Descriptor> {
    for (let next = await this.read(); next !== null; next = await this.read()) yield next;
  }

  end(): void {
    this.#hasEnded = true;
    for (const descriptor of [...this.#open]) descriptor.close();
    this.#waiting.release();
  }

  #add(number: number): void {
    const descriptor = new Descriptor(number, this.#libc.close, (gone) => this.#open.delete(gone));
    this.#open.add(descriptor);
    this.#unread.push(descriptor);
  }
}
