import type { Datagram, DatagramTransport } from "../../protocols/datagram_contract.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";

interface Waiting {
  resolve(datagram: Datagram | undefined): void;
}

/**
 * Hands the datagrams of an endpoint to those who ask, in the order of asking. Beside what they are
 * given at most one is held here: reading is paused, and the others wait in the endpoint's queue.
 */
export class DatagramReceiver {
  readonly #transport: DatagramTransport;
  readonly #ready: Datagram[] = [];
  #waiting: Waiting[] = [];
  #isEnded = false;

  /** Takes the endpoint that is paused and resumed. */
  constructor(transport: DatagramTransport) {
    this.#transport = transport;
  }

  /** A datagram arrived. */
  add(datagram: Datagram): void {
    const first = this.#waiting.shift();
    if (first !== undefined) return first.resolve(datagram);
    this.#ready.push(datagram);
    this.#transport.pauseReading();
  }

  /** Gives one back that was taken: it is the next. */
  putBack(datagram: Datagram): void {
    const first = this.#waiting.shift();
    if (first !== undefined) first.resolve(datagram);
    else this.#ready.unshift(datagram);
  }

  /** Nothing more arrives. */
  end(): void {
    this.#isEnded = true;
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(undefined);
  }

  /** Takes the next datagram; `undefined` after the last. An aborted call takes none. */
  take(signal?: WaitSignal): Promise<Datagram | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#isEnded) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<Datagram | undefined>();
    const waiting: Waiting = { resolve };
    this.#waiting.push(waiting);
    if (signal !== undefined) this.#leaveOnAbort(waiting, signal, reject);
    this.#transport.resumeReading();
    return promise;
  }

  #leaveOnAbort(waiting: Waiting, signal: WaitSignal, reject: (reason: unknown) => void): void {
    const { resolve } = waiting;
    const abort = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    waiting.resolve = (datagram) => {
      signal.removeEventListener("abort", abort);
      resolve(datagram);
    };
  }
}
