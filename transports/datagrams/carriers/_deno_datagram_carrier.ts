import type { Bytes } from "../../../protocols/bytes.ts";
import type { Address, NetAddress, UnixAddress } from "../../../protocols/facts/address.ts";
import { DatagramTooLargeError } from "../../../protocols/errors/datagram_errors.ts";
import { formatAddress } from "../../core/addresses.ts";
import { nextTurn } from "../../core/clock.ts";
import { describeOsError } from "../../core/os_error.ts";
import { type DatagramCarrier, type DatagramSink, takeBack } from "../datagram_carrier.ts";

/** Datagrams over a socket of `Deno.listenDatagram`, which needs `--unstable-net`. */
export abstract class DenoDatagramCarrier<A extends NetAddress | UnixAddress>
  implements DatagramCarrier {
  readonly address: A;
  /** Only the system knows. */
  readonly maxSize: null = null;
  /** The socket. */
  protected readonly conn: Deno.DatagramConn;
  readonly #maxDatagramSize: number;
  #isOpen = true;

  /** Takes a socket that is bound. */
  constructor(conn: Deno.DatagramConn, address: A, maxDatagramSize: number) {
    this.conn = conn;
    this.address = address;
    this.#maxDatagramSize = maxDatagramSize;
  }

  start(sink: DatagramSink): void {
    void this.#receiveAll(sink);
  }

  abstract send(
    data: Uint8Array,
    destination: Address,
    onSettled: (error: unknown) => void,
  ): void;

  close(): void {
    this.#isOpen = false;
    closeQuietly(this.conn);
  }

  getExtraInfo(name: string): unknown {
    if (name === "socket") return this.conn;
    return name === "sockname" ? this.address : undefined;
  }

  /** Waits for a datagram. */
  protected receive(memory: Bytes): Promise<[Uint8Array, Deno.Addr]> {
    return this.conn.receive(memory);
  }

  /** The sender of a datagram; `null` for one that only the carrier needs. */
  protected abstract senderOf(data: Uint8Array, from: Deno.Addr): A | null;

  /** How long a datagram of the carrier itself may be, in bytes. */
  protected get minSize(): number {
    return 0;
  }

  async #receiveAll(sink: DatagramSink): Promise<void> {
    const max = this.#maxDatagramSize;
    // One byte more than the longest datagram shows that one was longer.
    const size = Math.max(max, this.minSize) + 1;
    let memory = new Uint8Array(size);
    while (this.#isOpen) {
      try {
        const [received, from] = await this.receive(memory);
        if (!this.#isOpen) return;
        const sender = this.senderOf(received, from);
        if (sender === null) continue;
        // A view of the memory above.
        const isTruncated = received.length > max;
        const data = (isTruncated ? received.subarray(0, max) : received) as Bytes;
        const use = sink.receive(data, sender, isTruncated);
        if (use === "lent") memory = takeBack(memory, size);
        else if (use === "kept") memory = new Uint8Array(size);
      } catch (error) {
        if (!this.#isOpen) return;
        if (isGone(error)) return sink.lose(error);
        sink.fail(describeOsError(error, "Cannot receive datagram"));
        await nextTurn();
      }
    }
  }
}

/** Closes a socket, unless it is. */
export function closeQuietly(conn: Deno.DatagramConn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}

/** A failure to send, with the address. A datagram that is too long has a class of its own. */
export function describeSendError(error: unknown, size: number, destination: Address): Error {
  const where = formatAddress(destination);
  const isTooLong = error instanceof Error && /os error (40|90|10040)/.test(error.message);
  if (isTooLong) return new DatagramTooLargeError(size, null, where, { cause: error });
  return describeOsError(error, `Cannot send datagram to ${where}`);
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}
