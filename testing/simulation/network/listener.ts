import type { OpenWait } from "../engine/open_wait.ts";
import type { Addr } from "./place.ts";
import type { SimulatedConnection } from "./connection.ts";
import { badResource, notConnected, tooManyOpenFiles } from "./socket_errors.ts";

/** The host of a listener. */
export interface ListenerHost {
  /** Whether it has descriptors left to accept with. */
  readonly hasDescriptors: boolean;
  /** Something went on. */
  touch(): void;
  /** An accept waits. */
  waits(what: string, isTraced: boolean): OpenWait;
  /** The listener was closed. */
  onListenerClosed(listener: SimulatedListener): void;
}

interface PendingAccept {
  readonly wait: OpenWait;
  resolve(connection: SimulatedConnection): void;
  reject(error: Error): void;
}

/** A listening socket: a `Deno.Listener`, with its errors. */
export class SimulatedListener {
  /** Where it listens. */
  readonly addr: Addr;
  /** Its name in a report of waits. */
  readonly name: string;
  /** Whether the library accepts, and not a program by itself. */
  isDriven = false;
  readonly #host: ListenerHost;
  readonly #capacity: number;
  readonly #backlog: SimulatedConnection[] = [];
  #accept: PendingAccept | null = null;
  #isClosed = false;
  // Whether its program is gone: no operation of it settles.
  #isOrphan = false;

  /** `backlog`: how many connections wait until they are accepted. */
  constructor(host: ListenerHost, name: string, addr: Addr, backlog: number) {
    this.#host = host;
    this.name = name;
    this.addr = addr;
    this.#capacity = backlog;
  }

  /** Whether another connection may be offered. */
  get hasRoom(): boolean {
    return this.#backlog.length < this.#capacity;
  }

  /** The wait for a connection, if there is one. */
  get wait(): OpenWait | null {
    return this.#accept?.wait ?? null;
  }

  /** How many connections wait until they are accepted, and how many may. */
  get backlog(): readonly [waiting: number, capacity: number] {
    return [this.#backlog.length, this.#capacity];
  }

  /** A connection was made. */
  offer(connection: SimulatedConnection): void {
    this.#backlog.push(connection);
    this.wake();
  }

  /** Lets a pending accept go on that can. */
  wake(): void {
    if (this.#accept === null || this.#backlog.length === 0) return;
    const { resolve, reject } = this.#accept;
    this.#accept = null;
    this.#next().then(resolve, reject);
  }

  /** Resolves to the next connection. */
  accept(): Promise<SimulatedConnection> {
    this.#host.touch();
    if (this.#isOrphan) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(badResource("Listener has been closed"));
    if (this.#accept !== null) {
      return Promise.reject(new Deno.errors.Busy("Another accept task is ongoing"));
    }
    if (this.#backlog.length > 0) return this.#next();
    const wait = this.#host.waits(`accept ${this.name}`, !this.isDriven);
    return new Promise((resolve, reject) => this.#accept = { wait, resolve, reject });
  }

  #next(): Promise<SimulatedConnection> {
    this.#host.touch();
    if (!this.#host.hasDescriptors) return Promise.reject(tooManyOpenFiles());
    const connection = this.#backlog.shift();
    if (connection === undefined || connection.isReset) {
      connection?.[Symbol.dispose]();
      return Promise.reject(notConnected());
    }
    return Promise.resolve(connection);
  }

  /** Stops listening; connections that were not accepted are reset. */
  close(): void {
    this.#host.touch();
    if (this.#isOrphan) return;
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    this.#accept?.reject(badResource("Listener has been closed"));
    this.#accept = null;
    for (const connection of this.#backlog.splice(0)) connection.refuse();
    this.#host.onListenerClosed(this);
  }

  /** Its host or its program is gone: a pending accept goes on never. */
  vanish(): void {
    this.#isClosed = this.#isOrphan = true;
    this.#accept = null;
    this.#backlog.length = 0;
  }

  /** Its program ended without closing it; its system does. */
  abandon(): void {
    this.#accept = null;
    this[Symbol.dispose]();
    this.#isOrphan = true;
  }

  /** The connections as they come, until it is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SimulatedConnection, void, unknown> {
    for (;;) {
      try {
        yield await this.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        throw error;
      }
    }
  }

  /** A world goes on until its clients are done. */
  ref(): void {}

  /** The same. */
  unref(): void {}

  /** Stops listening, unless it has. */
  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }
}
