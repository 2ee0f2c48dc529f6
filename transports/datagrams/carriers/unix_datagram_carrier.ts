import type { Address, UnixAddress } from "../../../protocols/facts/address.ts";
import { fromDenoAddr } from "../../core/addresses.ts";
import { nextTurn } from "../../core/clock.ts";
import { describeOsError } from "../../core/os_error.ts";
import {
  type DatagramBindOptions,
  type DatagramCarrier,
  type DatagramSink,
  MAX_DATAGRAM_SIZE,
  takeBack,
} from "../datagram_carrier.ts";
import { describeSendError } from "./native_datagram_carrier.ts";

interface Job {
  readonly data: Uint8Array;
  readonly destination: Address;
  readonly onSettled: (error: unknown) => void;
}

/**
 * Datagrams over a Unix socket of `Deno.listenDatagram`, which needs `--unstable-net`.
 *
 * Deno cannot send from such a socket while it waits to receive, nor take that wait back. So a
 * bound socket that has something to send is sent a datagram by a second one: that ends the wait,
 * and the socket sends before it receives again.
 */
class UnixDatagramCarrier implements DatagramCarrier {
  readonly address: UnixAddress;
  /** Only the system knows. */
  readonly maxSize: null = null;
  readonly #conn: Deno.DatagramConn;
  readonly #waker: Deno.DatagramConn;
  readonly #maxDatagramSize: number;
  // The datagram of the waker, which no other program knows.
  readonly #wakeUp = crypto.randomUUID();
  #job: Job | null = null;
  #isReceiving = false;
  #isOpen = true;

  /** Takes a socket that is bound, and one that wakes it. */
  constructor(
    conn: Deno.DatagramConn,
    waker: Deno.DatagramConn,
    address: UnixAddress,
    maxDatagramSize: number,
  ) {
    this.#conn = conn;
    this.#waker = waker;
    this.address = address;
    this.#maxDatagramSize = maxDatagramSize;
  }

  start(sink: DatagramSink): void {
    void this.#receiveAll(sink);
  }

  send(data: Uint8Array, destination: Address, onSettled: (error: unknown) => void): void {
    this.#job = { data, destination, onSettled };
    // Otherwise it is sent before the next wait.
    if (this.#isReceiving) void this.#wake();
  }

  close(): void {
    this.#isOpen = false;
    for (const conn of [this.#conn, this.#waker]) {
      try {
        conn.close();
      } catch {
        // It was closed already.
      }
    }
    this.#removeFile();
  }

  getExtraInfo(name: string): unknown {
    if (name === "socket") return this.#conn;
    return name === "sockname" ? this.address : undefined;
  }

  async #receiveAll(sink: DatagramSink): Promise<void> {
    const max = this.#maxDatagramSize;
    // One byte more than the longest datagram shows that one was longer; a wake-up must fit.
    const size = Math.max(max, this.#wakeUp.length) + 1;
    let memory = new Uint8Array(size);
    while (this.#isOpen) {
      try {
        await this.#doJob();
        this.#isReceiving = true;
        // The sender of the last one was told, and has sent another: it does not hold up what
        // comes.
        if (this.#job !== null) void this.#wake();
        const [received, from] = await this.#conn.receive(memory);
        this.#isReceiving = false;
        const address = fromDenoAddr(from);
        if (!this.#isOpen) return;
        if (address === undefined || this.#isWakeUp(received)) continue;
        // A view of the memory above.
        const data = received.subarray(0, max) as Uint8Array<ArrayBuffer>;
        const use = sink.receive(data, address, received.length > max);
        if (use === "lent") memory = takeBack(memory, size);
        else if (use === "kept") memory = new Uint8Array(size);
      } catch (error) {
        this.#isReceiving = false;
        if (!this.#isOpen) return;
        if (error instanceof Deno.errors.BadResource) return sink.lose(error);
        sink.fail(describeOsError(error, "Cannot receive datagram"));
        await nextTurn();
      }
    }
  }

  async #wake(): Promise<void> {
    const { path } = this.address;
    const wakeUp = new TextEncoder().encode(this.#wakeUp);
    try {
      await this.#waker.send(wakeUp, { transport: "unixpacket", path });
    } catch (error) {
      const job = this.#takeJob();
      job?.onSettled(describeSendError(error, job.data.length, job.destination));
    }
  }

  async #doJob(): Promise<void> {
    const job = this.#takeJob();
    if (job === null) return;
    const { data, destination, onSettled } = job;
    try {
      // It has the shape of Deno's own.
      await this.#conn.send(data, destination as Deno.Addr);
    } catch (error) {
      return onSettled(describeSendError(error, data.length, destination));
    }
    onSettled(null);
  }

  #takeJob(): Job | null {
    const job = this.#job;
    this.#job = null;
    return job;
  }

  #isWakeUp(data: Uint8Array): boolean {
    return data.length === this.#wakeUp.length && new TextDecoder().decode(data) === this.#wakeUp;
  }

  /** Deno leaves it. */
  #removeFile(): void {
    const { path } = this.address;
    if (path === "" || path.startsWith("\0")) return;
    try {
      Deno.removeSync(path);
    } catch {
      // It was removed before.
    }
  }
}

/**
 * Binds a Unix socket.
 *
 * @param path Its path; if it is empty the system chooses a name in Linux' abstract namespace.
 * @throws The error of the system.
 */
export function bindUnixDatagrams(
  path: string,
  { maxDatagramSize = MAX_DATAGRAM_SIZE }: DatagramBindOptions,
): UnixDatagramCarrier {
  const conn = Deno.listenDatagram({ transport: "unixpacket", path });
  // Deno's have no effect.
  for (const name of ["ref", "unref"]) Object.defineProperty(conn, name, { value: undefined });
  try {
    const waker = Deno.listenDatagram({ transport: "unixpacket", path: "" });
    const address = fromDenoAddr(conn.addr);
    if (address?.transport !== "unixpacket") throw new TypeError(`Cannot bind ${path}`);
    return new UnixDatagramCarrier(conn, waker, address, maxDatagramSize);
  } catch (error) {
    conn.close();
    throw error;
  }
}
