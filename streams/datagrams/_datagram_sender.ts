import { copyOf } from "../../protocols/bytes.ts";
import type { DatagramDestination, DatagramTransport } from "../../protocols/datagram_contract.ts";
import { show } from "../../protocols/option_checks.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import { toBytes } from "../../transports/core/write/to_bytes.ts";
import type { SendPolicy } from "../../transports/datagrams/queue_policies.ts";
import { abortable, type WaitSignal } from "../../protocols/waits/wait_signal.ts";

type Settle = (error: Error | null) => void;

/**
 * Sends over an endpoint; with the policy `"wait"` when there is room, in the order of the calls.
 */
export class DatagramSender {
  readonly #transport: DatagramTransport;
  readonly #isPatient: boolean;
  readonly #room = new WaitQueue();
  #hasRoom = true;

  /** Takes the endpoint, and the policy that it was opened with. */
  constructor(transport: DatagramTransport, sendPolicy: SendPolicy) {
    this.#transport = transport;
    this.#isPatient = sendPolicy === "wait";
    if (transport.getWriteBufferSize() > transport.getWriteBufferLimits().high) this.pause();
  }

  /** There is no room. */
  pause(): void {
    this.#hasRoom = false;
  }

  /** There is room: those who wait go on, until there is none. */
  resume(): void {
    this.#hasRoom = true;
    while (this.#hasRoom && this.#room.releaseFirst());
  }

  /**
   * Hands a datagram to the endpoint: now, or when there is room.
   *
   * @param datagram The datagram.
   * @param onSettled As of `DatagramTransport.sendto`.
   * @param signal Ends the wait for room.
   * @returns The wait for room; `undefined` if there was none.
   */
  hand(
    datagram: OutgoingDatagram,
    onSettled: Settle,
    signal?: WaitSignal,
  ): Promise<void> | undefined {
    const { data, address } = checkDatagram(datagram);
    if (!this.#isPatient || (this.#hasRoom && this.#room.isEmpty)) {
      this.#transport.sendto(data, address, onSettled);
      return undefined;
    }
    // The sender may change it meanwhile.
    const copy = copyOf(toBytes(data));
    return this.#room.wait(signal, () => void this.#transport.sendto(copy, address, onSettled));
  }

  /** Sends a datagram; resolves when the system has taken it over. */
  async send(datagram: OutgoingDatagram, signal: WaitSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (error: Error | null): void => error === null ? resolve() : reject(error);
    const room = this.hand(datagram, settle, signal);
    if (room !== undefined) await room;
    await abortable(promise, signal);
  }

  /** Sends datagrams one after the other; resolves when each is sent or refused. */
  async sendAll(
    datagrams: Iterable<OutgoingDatagram> | AsyncIterable<OutgoingDatagram>,
    signal: WaitSignal | undefined,
  ): Promise<SendManyResult> {
    const failed: { index: number; error: Error }[] = [];
    const done = Promise.withResolvers<void>();
    let [index, settled, isAll] = [0, 0, false];
    const settle = (place: number): Settle => (error) => {
      if (error !== null) failed.push({ index: place, error });
      if (++settled === index && isAll) done.resolve();
    };
    for await (const datagram of checkIterable(datagrams)) {
      signal?.throwIfAborted();
      const isLast = this.#transport.isClosing();
      const room = this.hand(datagram, settle(index), signal);
      index++;
      if (room !== undefined) await room;
      // An iterable without an end must not hold up the others.
      else if (turnBudget.spend()) await turnBudget.untilRenewed(signal);
      if (isLast) break;
    }
    isAll = true;
    if (settled < index) await done.promise;
    return { sent: index - failed.length, failed: failed.sort((a, b) => a.index - b.index) };
  }
}

function checkDatagram(datagram: OutgoingDatagram): OutgoingDatagram {
  if (typeof datagram === "object" && datagram !== null && "data" in datagram) {
    return datagram;
  }
  throw new TypeError(
    `Cannot send ${show(datagram)}: it is no datagram, give an object of { data, address }`,
  );
}

function checkIterable<T>(
  datagrams: Iterable<T> | AsyncIterable<T>,
): Iterable<T> | AsyncIterable<T> {
  const isIterable = typeof datagrams === "object" && datagrams !== null &&
    (Symbol.iterator in datagrams || Symbol.asyncIterator in datagrams);
  if (isIterable) return datagrams;
  throw new TypeError(`Cannot send datagrams: ${show(datagrams)} is no iterable`);
}

/** A datagram to be sent. */
export interface OutgoingDatagram {
  /** The bytes; a string is sent as UTF-8. */
  readonly data: Uint8Array | string;
  /** Where it goes; not needed by a connected socket. */
  readonly address?: DatagramDestination | null;
}

/** The outcome of the datagrams of `DatagramSocket.sendMany`. */
export interface SendManyResult {
  /** How many datagrams the system accepted. */
  readonly sent: number;
  /** Those that were not sent: their places in the iterable, and why. */
  readonly failed: readonly { readonly index: number; readonly error: Error }[];
}
