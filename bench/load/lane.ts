/** One connection of the load generator. */

import { MAX_CHUNK, type Payload } from "./payload.ts";
import { WrongBytesError } from "./report.ts";
import type { Settings } from "./settings.ts";

const BATCH = 64; // connections opened at once: fewer than the smallest backlog among the servers

const AUTHORITY = new URL("../../examples/certificates/ca.crt", import.meta.url);

/** TCP_NODELAY is set before: Deno offers it on plain connections only, and TLS keeps it. */
async function connect({ host, port, tls }: Settings): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: host, port });
  conn.setNoDelay(true);
  if (!tls) return conn;
  const caCerts = [await Deno.readTextFile(AUTHORITY)];
  return await Deno.startTls(conn, { hostname: "localhost", caCerts });
}

/** A connection with its place in the payload. */
export class Lane {
  /** Bytes sent so far. */
  sent = 0;
  /** Bytes that came back so far. */
  received = 0;
  /** Whether what comes back is compared. */
  checking = true;
  readonly #conn: Deno.Conn;
  readonly #payload: Payload;
  readonly #base: number;
  readonly #buffer: Uint8Array;
  #target = 0;
  #sending: Promise<void> | null = null;

  private constructor(conn: Deno.Conn, payload: Payload, base: number, buffer: Uint8Array) {
    this.#conn = conn;
    this.#payload = payload;
    this.#base = base;
    this.#buffer = buffer;
  }

  /**
   * Connects.
   *
   * @param settings Names the server.
   * @param payload What to send.
   * @param index The connection's number, which chooses its place in the payload.
   * @param bufferSize How much one read takes at most, in bytes.
   * @returns The connection.
   */
  static async open(
    settings: Settings,
    payload: Payload,
    index: number,
    bufferSize: number,
  ): Promise<Lane> {
    const conn = await connect(settings);
    return new Lane(conn, payload, index * 7 * settings.size, new Uint8Array(bufferSize));
  }

  /**
   * Sends up to a place in the payload, behind what is being sent already.
   *
   * @param target The first byte not to send.
   * @returns When all of it is with the system.
   */
  async sendUntil(target: number): Promise<void> {
    this.#target = Math.max(this.#target, target);
    if (this.sent >= this.#target) return; // a loop that ends at once would stay the one under way
    this.#sending ??= this.#send();
    await this.#sending;
  }

  /**
   * Reads once.
   *
   * @returns How many bytes came.
   * @throws {WrongBytesError} If they are wrong, or more than were sent.
   * @throws {Error} If the server closed.
   */
  async receive(): Promise<number> {
    const n = await this.#conn.read(this.#buffer);
    if (n === null) throw new Error("Cannot receive: the server closed");
    if (this.checking) {
      this.#payload.check(this.#base + this.received, this.#buffer.subarray(0, n));
    }
    this.received += n;
    if (this.received > this.#target) {
      throw new WrongBytesError("more bytes came back than were sent");
    }
    return n;
  }

  /**
   * Reads until so many bytes have come back in all.
   *
   * @param total Bytes since the start.
   */
  async receiveUntil(total: number): Promise<void> {
    while (this.received < total) await this.receive();
  }

  /** Closes; a read or a write under way rejects. */
  close(): void {
    this.#conn.close();
  }

  async #send(): Promise<void> {
    try {
      while (this.sent < this.#target) {
        const length = Math.min(this.#target - this.sent, MAX_CHUNK);
        this.sent += await this.#conn.write(this.#payload.piece(this.#base + this.sent, length));
      }
    } finally {
      this.#sending = null;
    }
  }
}

/**
 * Opens connections and has one message echoed on each: only then has the server accepted it.
 *
 * @param settings How many, and to where.
 * @param payload What to send.
 * @param bufferSize How much one read takes at most, in bytes.
 * @returns The connections.
 */
export async function openLanes(
  settings: Settings,
  payload: Payload,
  bufferSize: number,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  while (lanes.length < settings.connections) {
    const count = Math.min(BATCH, settings.connections - lanes.length);
    const batch = Array.from({ length: count }, async (_, i) => {
      const lane = await Lane.open(settings, payload, lanes.length + i, bufferSize);
      const sent = lane.sendUntil(settings.size);
      await lane.receiveUntil(settings.size);
      await sent;
      return lane;
    });
    lanes.push(...await Promise.all(batch));
  }
  return lanes;
}
