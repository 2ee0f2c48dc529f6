import { abortable } from "@std/async";
import {
  checkOptions,
  functionLike,
  type OptionTable,
  signalOf,
} from "../protocols/option_checks.ts";
import { DATAGRAM_CHECKS } from "../transports/create_datagram_endpoint.ts";
import type { Address } from "../protocols/address.ts";
import type {
  Datagram,
  DatagramCloseInfo,
  DatagramDestination,
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../protocols/datagram_contract.ts";
import { type Bytes, copyOf } from "../protocols/bytes.ts";
import type { SendPolicy } from "../transports/datagrams/queue_policies.ts";
import { toBytes } from "../transports/core/write/to_bytes.ts";
import { DatagramReceiver } from "./_datagram_receiver.ts";
import { RoomQueue } from "./_room_queue.ts";
import type { WaitOptions } from "../protocols/wait_options.ts";
import { turnBudget } from "../protocols/turn_budget.ts";

/** A datagram to be sent. */
export interface OutgoingDatagram {
  /** The bytes; a string is sent as UTF-8. */
  readonly data: Uint8Array | string;
  /** Where it goes; not needed by a connected socket. */
  readonly address?: DatagramDestination | null;
}

/** What became of the datagrams of {@linkcode DatagramSocket.sendMany}. */
export interface SendManyResult {
  /** How many the system took over. */
  readonly sent: number;
  /** Those that were not sent: their places in the iterable, and why. */
  readonly failed: readonly { readonly index: number; readonly error: Error }[];
}

/** Options for {@linkcode DatagramSocket.over}. */
export interface DatagramSocketOptions {
  /**
   * The policy that the endpoint was opened with. Only with `"wait"` a sender waits for room.
   *
   * @default {"wait"}
   */
  readonly sendPolicy?: SendPolicy;
  /** Told of what `errorReceived` of a protocol is told: datagrams that arrive cut off, for example. */
  readonly errorReceived?: (error: Error) => unknown;
}

const CHECKS: OptionTable<DatagramSocketOptions> = {
  sendPolicy: DATAGRAM_CHECKS.sendPolicy,
  errorReceived: functionLike("(error) => …"),
};

/**
 * The async/await face of a datagram endpoint: made by `openDatagrams`.
 *
 * Datagrams come by {@linkcode receive}, by `for await`, or from {@linkcode readable}; the three may
 * take turns. Datagrams that are not asked for wait in the endpoint's receive queue, where they may be
 * dropped.
 *
 * @example A question and its answer
 * ```ts
 * import { openDatagrams } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await openDatagrams({ localAddr: { port: 0 } });
 * await using client = await openDatagrams({ remoteAddr: { port: server.port } });
 * await client.send("6 * 7");
 * const question = await server.receive();
 * if (question) await server.send("42", question.address);
 * const answer = await client.receive();
 * assertEquals(new TextDecoder().decode(answer?.data), "42");
 * ```
 */
export class DatagramSocket implements AsyncDisposable {
  /** The endpoint below. */
  readonly transport: DatagramTransport;
  readonly #receiver: DatagramReceiver;
  readonly #room: RoomQueue;
  readonly #options: DatagramSocketOptions;
  #readable: ReadableStream<Datagram> | null = null;
  #writable: WritableStream<OutgoingDatagram> | null = null;
  // Ends the waiting of a Web stream that is not read any more.
  #streamWait: AbortController | null = null;

  /** Takes over an endpoint, see {@linkcode over}. */
  constructor(transport: DatagramTransport, options: DatagramSocketOptions = {}) {
    checkOptions("open datagrams", options, CHECKS);
    const receiver = new DatagramReceiver(transport);
    const room = new RoomQueue();
    this.transport = transport;
    this.#receiver = receiver;
    this.#room = room;
    this.#options = options;
    if (transport.getWriteBufferSize() > transport.getWriteBufferLimits().high) room.close();
    const protocol: DatagramProtocolCallbacks = {
      datagramReceived: (data: Bytes, address: Address) => receiver.add({ data, address }),
      errorReceived: (error) => options.errorReceived?.(error),
      pauseWriting: () => room.close(),
      resumeWriting: () => room.open(),
    };
    // Datagrams wait in the endpoint until they are asked for.
    transport.pauseReading();
    transport.setProtocol(protocol);
    void transport.closed.then(() => {
      receiver.end();
      room.open();
    });
  }

  /**
   * Takes over an endpoint: its protocol is replaced.
   *
   * @param transport The endpoint, which has no other user.
   * @param options What to do with what the socket cannot tell otherwise.
   */
  static over(transport: DatagramTransport, options: DatagramSocketOptions = {}): DatagramSocket {
    return new DatagramSocket(transport, options);
  }

  /** The port it is bound to; 0 where that is no port of a host. */
  get port(): number {
    return this.transport.port;
  }

  /** Resolves to how the endpoint ended. Never rejects. */
  get closed(): Promise<DatagramCloseInfo> {
    return this.transport.closed;
  }

  /**
   * Sends one datagram; resolves when the system has taken it over. Whether it arrives is never known.
   * Sends keep their order. One that fails and is not awaited does no harm.
   *
   * @param data The bytes, which are copied; a string is sent as UTF-8.
   * @param address Where it goes; not needed by a connected socket.
   * @param options A signal: while it waits for room nothing is sent, later only the waiting ends.
   * @throws {TypeError} If the data is no bytes, or the address cannot be used here.
   * @throws {RangeError} If the port is out of range.
   * @throws {DatagramTooLargeError} If it is too long.
   * @throws {NameResolutionError} If the host is not known.
   * @throws {WriteBufferFullError} If the send policy drops it.
   * @throws {ConnectionLostError} If the socket is closed.
   * @throws The error of the system.
   */
  send(
    data: Uint8Array | string,
    address?: DatagramDestination | null,
    options: WaitOptions = {},
  ): Promise<void> {
    const sending = this.#send(data, address, options);
    // A failure of the network must not end the process of a sender that does not await.
    sending.catch(() => {});
    return sending;
  }

  /**
   * Sends datagrams one after the other, in their order; resolves when the system has taken over all, or
   * refused them. A fault of one does not stop the others. Once the socket is closed, one more fails
   * and no others are asked for.
   *
   * @param datagrams The datagrams. Those of an async iterable are asked for when there is room.
   * @param options A signal: it ends the waiting, and what was not queued by then is not sent.
   * @returns How many were sent, and which were not.
   * @throws {TypeError} If the data of one is no bytes, or its address cannot be used here; those
   * before it are sent.
   */
  async sendMany(
    datagrams: Iterable<OutgoingDatagram> | AsyncIterable<OutgoingDatagram>,
    options: WaitOptions = {},
  ): Promise<SendManyResult> {
    const signal = signalOf("send datagrams", options);
    signal?.throwIfAborted();
    const sending = this.#sendAll(datagrams, signal);
    return await (signal === undefined ? sending : abortable(sending, signal));
  }

  async #sendAll(
    datagrams: Iterable<OutgoingDatagram> | AsyncIterable<OutgoingDatagram>,
    signal: AbortSignal | undefined,
  ): Promise<SendManyResult> {
    const failed: { index: number; error: Error }[] = [];
    const done = Promise.withResolvers<void>();
    let [index, settled, isAll] = [0, 0, false];
    const settle = (place: number) => (error: Error | null): void => {
      if (error !== null) failed.push({ index: place, error });
      if (++settled === index && isAll) done.resolve();
    };
    for await (const { data, address } of checkIterable(datagrams)) {
      signal?.throwIfAborted();
      const isLast = this.transport.isClosing();
      const send = (): void => {
        this.transport.sendto(data, address, settle(index));
        index++;
      };
      if (this.#mustWait) await this.#room.run(send, signal);
      else {
        send();
        // An iterable without an end must not hold up the others.
        if (turnBudget.spend()) await turnBudget.untilRenewed(signal);
      }
      if (isLast) break;
    }
    isAll = true;
    if (settled < index) await done.promise;
    return { sent: index - failed.length, failed: failed.sort((a, b) => a.index - b.index) };
  }

  /**
   * Receives the next datagram.
   *
   * @param options A signal: an aborted call has taken nothing, and the next one gets the datagram.
   * @returns The datagram; `undefined` once the socket is closed.
   */
  receive(options: WaitOptions = {}): Promise<Datagram | undefined> {
    if (this.#readable?.locked === false) this.#streamWait?.abort();
    return this.#receiver.take(signalOf("receive datagram", options));
  }

  /** The datagrams until the socket is closed. To leave the loop loses none: another may go on. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, void> {
    for (;;) {
      const datagram = await this.receive();
      if (datagram === undefined) return;
      yield datagram;
    }
  }

  /** The datagrams as a Web stream, which takes nothing ahead. It ends when the socket is closed. */
  get readable(): ReadableStream<Datagram> {
    return this.#readable ??= new ReadableStream<Datagram>({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#streamWait?.abort(),
    }, { highWaterMark: 0 });
  }

  /**
   * The way out as a Web stream. A datagram that cannot be sent is told to `errorReceived` and ends
   * nothing; one whose address or data cannot be used ends the stream. To close or abort it leaves the socket open.
   */
  get writable(): WritableStream<OutgoingDatagram> {
    return this.#writable ??= new WritableStream<OutgoingDatagram>({
      write: ({ data, address }) => this.#write(data, address),
    });
  }

  /**
   * Sends what is queued and closes the socket; the rest is dropped after `closeTimeout`.
   *
   * @returns How the endpoint ended.
   */
  close(): Promise<DatagramCloseInfo> {
    this.transport.close();
    return this.closed;
  }

  /** {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #mustWait(): boolean {
    return !this.#room.isOpen && (this.#options.sendPolicy ?? "wait") === "wait";
  }

  async #send(
    data: Uint8Array | string,
    address: DatagramDestination | null | undefined,
    { signal }: WaitOptions,
  ): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (error: Error | null): void => error === null ? resolve() : reject(error);
    if (this.#mustWait) {
      const copy = copyOf(toBytes(data));
      await this.#room.run(() => void this.transport.sendto(copy, address, settle), signal);
    } else this.transport.sendto(data, address, settle);
    if (signal === undefined) return await promise;
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #write(
    data: Uint8Array | string,
    address: DatagramDestination | null | undefined,
  ): Promise<void> {
    const send = (): void => {
      this.transport.sendto(data, address, (error) => {
        if (error !== null) this.#options.errorReceived?.(error);
      });
    };
    if (this.#mustWait) await this.#room.run(send);
    else send();
  }

  async #pull(controller: ReadableStreamDefaultController<Datagram>): Promise<void> {
    const wait = new AbortController();
    this.#streamWait = wait;
    try {
      const datagram = await this.#receiver.take(wait.signal);
      if (datagram === undefined) controller.close();
      // Its reader went away while the datagram came: it is for another one.
      else if (wait.signal.aborted || !this.#readable?.locked) this.#receiver.putBack(datagram);
      else controller.enqueue(datagram);
    } catch (error) {
      if (!wait.signal.aborted) throw error;
    } finally {
      if (this.#streamWait === wait) this.#streamWait = null;
    }
  }
}

function checkIterable<T>(
  datagrams: Iterable<T> | AsyncIterable<T>,
): Iterable<T> | AsyncIterable<T> {
  const isIterable = typeof datagrams === "object" && datagrams !== null &&
    (Symbol.iterator in datagrams || Symbol.asyncIterator in datagrams);
  if (isIterable) return datagrams;
  throw new TypeError(`Cannot send datagrams: ${String(datagrams)} is no iterable`);
}
