import type { Bytes } from "../../../protocols/bytes.ts";
import type { Address, UnixAddress } from "../../../protocols/facts/address.ts";
import { fromDenoAddr } from "../../core/addresses.ts";
import {
  type DatagramBindOptions,
  type DatagramUnderWay,
  MAX_DATAGRAM_SIZE,
} from "../datagram_carrier.ts";
import { closeQuietly, DenoDatagramCarrier, describeSendError } from "./_deno_datagram_carrier.ts";

/**
 * Datagrams over a Unix socket of `Deno.listenDatagram`.
 *
 * Deno cannot send from such a socket while it waits to receive, nor take that wait back. So a
 * bound socket that has something to send is sent a datagram by a second one: that ends the wait,
 * and the socket sends before it receives again.
 */
class UnixDatagramCarrier extends DenoDatagramCarrier<UnixAddress> {
  readonly #waker: Deno.DatagramConn;
  // The datagram of the waker, which no other program knows.
  readonly #wakeUp = crypto.randomUUID();
  #job: DatagramUnderWay | null = null;
  #isReceiving = false;

  /** Takes a socket that is bound, and one that wakes it. */
  constructor(
    conn: Deno.DatagramConn,
    waker: Deno.DatagramConn,
    address: UnixAddress,
    maxDatagramSize: number,
  ) {
    super(conn, address, maxDatagramSize);
    this.#waker = waker;
  }

  send(data: Uint8Array, destination: Address, onSettled: (error: unknown) => void): void {
    this.#job = { data, destination, onSettled };
    // Otherwise it is sent before the next wait.
    if (this.#isReceiving) void this.#wake();
  }

  override close(): void {
    super.close();
    closeQuietly(this.#waker);
    this.#removeFile();
  }

  protected override async receive(memory: Bytes): Promise<[Uint8Array, Deno.Addr]> {
    await this.#doJob();
    this.#isReceiving = true;
    // The sender of the last one was told, and has sent another: it does not hold up what comes.
    if (this.#job !== null) void this.#wake();
    try {
      return await this.conn.receive(memory);
    } finally {
      this.#isReceiving = false;
    }
  }

  protected senderOf(data: Uint8Array, from: Deno.Addr): UnixAddress | null {
    const address = fromDenoAddr(from);
    return address?.transport !== "unixpacket" || this.#isWakeUp(data) ? null : address;
  }

  /** A wake-up must fit. */
  protected override get minSize(): number {
    return this.#wakeUp.length;
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
      await this.conn.send(data, destination as Deno.Addr);
    } catch (error) {
      return onSettled(describeSendError(error, data.length, destination));
    }
    onSettled(null);
  }

  #takeJob(): DatagramUnderWay | null {
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
