import { check, checkOptions, given, type OptionTable } from "../../protocols/option_checks.ts";
import {
  DATAGRAM_CHECKS,
  type DatagramEndpointOptions,
} from "../../transports/datagram_endpoint_options.ts";
import type { Address } from "../../protocols/facts/address.ts";
import type {
  Datagram,
  DatagramCloseInfo,
  DatagramDestination,
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../../protocols/datagram_contract.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { SendPolicy } from "../../transports/datagrams/queue_policies.ts";
import { TakeQueue } from "../../protocols/waits/take_queue.ts";
import { DatagramSender, type OutgoingDatagram, type SendManyResult } from "./_datagram_sender.ts";
import { NO_OPTIONS, signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import { abortable, type WaitSignal } from "../../protocols/waits/wait_signal.ts";
import { openEndpoint } from "../../transports/open_endpoint.ts";

export type { OutgoingDatagram, SendManyResult };

/** Options for {@linkcode DatagramSocket.over}. */
export interface DatagramSocketOptions {
  /**
   * The policy that the endpoint was opened with. Only with `"wait"` a sender waits for room.
   *
   * @default {"wait"}
   */
  readonly sendPolicy?: SendPolicy;
  /** Gets the errors that `errorReceived` of a protocol gets, such as truncated datagrams. */
  readonly errorReceived?: (error: Error) => unknown;
}

const CHECKS: OptionTable<DatagramSocketOptions> = {
  sendPolicy: DATAGRAM_CHECKS.sendPolicy,
  errorReceived: check.functionLike("(error) => …"),
};

/** Options for `openDatagrams`. */
export interface OpenDatagramsOptions extends DatagramEndpointOptions, DatagramSocketOptions {}

const OPEN_CHECKS: OptionTable<OpenDatagramsOptions> = { ...DATAGRAM_CHECKS, ...CHECKS };

/** Receives the next datagram of a socket, as `DatagramSocket.receive`. */
export let receiveFrom: (
  socket: DatagramSocket,
  signal: WaitSignal | undefined,
) => Promise<Datagram | undefined>;

/**
 * The async/await API of a datagram endpoint: made by `openDatagrams`.
 *
 * Datagrams come by {@linkcode receive}, by `for await`, or from {@linkcode readable}; the three
 * may take turns. Datagrams that are not asked for wait in the endpoint's receive queue, where they
 * may be dropped.
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
  static {
    receiveFrom = (socket, signal) => socket.#receive(signal);
  }

  /** The endpoint that the socket uses. */
  readonly transport: DatagramTransport;
  // At most one waits here: then reading is paused, and the others wait in the endpoint's queue.
  readonly #arrived = new TakeQueue<Datagram>();
  readonly #sender: DatagramSender;
  readonly #options: DatagramSocketOptions;
  #readable: ReadableStream<Datagram> | null = null;
  #writable: WritableStream<OutgoingDatagram> | null = null;
  // Ends the waiting of a Web stream that is not read any more.
  #streamWait: AbortController | null = null;

  /** Makes a socket of an endpoint, see {@linkcode over}. */
  constructor(transport: DatagramTransport, options: DatagramSocketOptions = {}) {
    checkOptions("open datagrams", options, CHECKS);
    const sender = new DatagramSender(transport, options.sendPolicy ?? "wait");
    this.transport = transport;
    this.#sender = sender;
    this.#options = options;
    const protocol: DatagramProtocolCallbacks = {
      datagramReceived: (data: Bytes, address: Address) => {
        this.#arrived.put({ data, address });
        if (this.#arrived.size > 0) transport.pauseReading();
      },
      errorReceived: (error) => options.errorReceived?.(error),
      pauseWriting: () => sender.pause(),
      resumeWriting: () => sender.resume(),
    };
    // Datagrams wait in the endpoint until they are asked for.
    transport.pauseReading();
    transport.setProtocol(protocol);
    void transport.closed.then(() => {
      this.#arrived.end();
      sender.resume();
    });
  }

  /**
   * Makes a socket of an endpoint, whose protocol it replaces.
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
   * Sends one datagram; resolves when the system has taken it over. Whether it arrives is never
   * known. Sends keep their order. One that fails and is not awaited does no harm.
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
    options: WaitOptions = NO_OPTIONS,
  ): Promise<void> {
    const sending = this.#send({ data, address: address ?? null }, options);
    // A failure of the network must not end the process of a sender that does not await.
    sending.catch(() => {});
    return sending;
  }

  /**
   * Sends datagrams one after the other, in their order; resolves when the system has taken over
   * all, or refused them. A fault of one does not stop the others. Once the socket is closed, one
   * more fails and no others are asked for.
   *
   * @param datagrams The datagrams. Those of an async iterable are asked for when there is room.
   * @param options A signal, or a timeout. It ends the waiting; datagrams that were not queued by
   * then are not sent.
   * @returns How many were sent, and which were not.
   * @throws {TypeError} If the data of one is no bytes, or its address cannot be used here; those
   * before it are sent.
   */
  async sendMany(
    datagrams: Iterable<OutgoingDatagram> | AsyncIterable<OutgoingDatagram>,
    options: WaitOptions = NO_OPTIONS,
  ): Promise<SendManyResult> {
    const signal = signalOf("send datagrams", options);
    signal?.throwIfAborted();
    return await abortable(this.#sender.sendAll(datagrams, signal), signal);
  }

  /**
   * Receives the next datagram.
   *
   * @param options A signal, or a timeout: a call that it ended has taken nothing, and the next one
   * gets the datagram.
   * @returns The datagram; `undefined` once the socket is closed.
   */
  async receive(options: WaitOptions = NO_OPTIONS): Promise<Datagram | undefined> {
    return await this.#receive(signalOf("receive datagram", options));
  }

  /**
   * The datagrams until the socket is closed. To leave the loop loses none: another may go on.
   *
   * @param options A signal, and a timeout for each datagram.
   */
  async *datagrams(options: WaitOptions = NO_OPTIONS): AsyncGenerator<Datagram, void, void> {
    for (;;) {
      const datagram = await this.receive(options);
      if (datagram === undefined) return;
      yield datagram;
    }
  }

  /** {@linkcode datagrams} without options. */
  [Symbol.asyncIterator](): AsyncGenerator<Datagram, void, void> {
    return this.datagrams();
  }

  /**
   * The datagrams as a Web stream, which takes nothing ahead. It ends when the socket is closed.
   */
  get readable(): ReadableStream<Datagram> {
    return this.#readable ??= new ReadableStream<Datagram>({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#streamWait?.abort(),
    }, { highWaterMark: 0 });
  }

  /**
   * The way out as a Web stream. A datagram that cannot be sent is told to `errorReceived` and ends
   * nothing; one whose address or data cannot be used ends the stream. To close or abort it leaves
   * the socket open.
   */
  get writable(): WritableStream<OutgoingDatagram> {
    return this.#writable ??= new WritableStream<OutgoingDatagram>({
      write: (datagram) => this.#write(datagram),
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

  #receive(signal: WaitSignal | undefined): Promise<Datagram | undefined> {
    if (this.#readable?.locked === false) this.#streamWait?.abort();
    return this.#take(signal);
  }

  #take(signal: WaitSignal | undefined): Promise<Datagram | undefined> {
    const taken = this.#arrived.take(signal);
    if (this.#arrived.isAwaited) this.transport.resumeReading();
    return taken;
  }

  async #send(datagram: OutgoingDatagram, options: WaitOptions): Promise<void> {
    await this.#sender.send(datagram, signalOf("send datagram", options));
  }

  async #write(datagram: OutgoingDatagram): Promise<void> {
    await this.#sender.hand(datagram, (error) => {
      if (error !== null) this.#options.errorReceived?.(error);
    });
  }

  async #pull(controller: ReadableStreamDefaultController<Datagram>): Promise<void> {
    const wait = new AbortController();
    this.#streamWait = wait;
    try {
      const datagram = await this.#take(wait.signal);
      if (datagram === undefined) controller.close();
      // Its reader went away while the datagram came: it is for another one.
      else if (wait.signal.aborted || !this.#readable?.locked) this.#arrived.putBack(datagram);
      else controller.enqueue(datagram);
    } catch (error) {
      if (!wait.signal.aborted) throw error;
    } finally {
      if (this.#streamWait === wait) this.#streamWait = null;
    }
  }
}

/** Opens an endpoint and takes it over: what `openDatagrams` does. */
export async function openSocket(options: OpenDatagramsOptions): Promise<DatagramSocket> {
  checkOptions("open datagrams", options, OPEN_CHECKS);
  const { errorReceived, ...endpoint } = options;
  const { transport } = await openEndpoint(() => ({
    // Nothing is received before the socket is there.
    connectionMade: (made) => made.pauseReading(),
  }), endpoint);
  const { sendPolicy } = endpoint;
  return DatagramSocket.over(transport, given({ sendPolicy, errorReceived }));
}
