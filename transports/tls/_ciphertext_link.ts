import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import { nextTurn } from "../core/clock.ts";
import { lingerOn } from "../core/ending/close_in_time.ts";
import { toError } from "../core/error_report.ts";
import { ReadBuffer } from "../core/read/read_buffer.ts";
import { writeNow } from "../core/write/writing.ts";
import { LayerPassage } from "../stack/layer_passage.ts";
import { RecordBoundaries } from "./engine/record_boundaries.ts";
import { TlsDuplex } from "./engine/tls_duplex.ts";

/** How many turns of the event loop an alert gets to leave, at most. */
const MAX_TURNS = 8;

/**
 * The side of a TLS connection that faces the wire: it passes ciphertext between the transport
 * below and the engine.
 *
 * ```text
 * transport below -> target -> feed(), record by record -> duplex -> engine
 * engine -> duplex -> transport below, at most until that is full
 * ```
 */
export class CiphertextLink {
  /** The stream below the engine. */
  readonly duplex: TlsDuplex = new TlsDuplex((bytes) => this.#send(bytes));
  readonly #boundaries = new RecordBoundaries();
  #inner: Transport | null = null;
  #buffer = new ReadBuffer();
  // While the engine takes no data.
  #waiting: Promise<void> | null = null;
  // Whether the transport below is full, and those who wait until it has room.
  #isFull = false;
  readonly #waitsForRoom = new WaitQueue();
  #hasEnded = false;
  // The ciphertext that the engine returned within the call that feeds it, in the handshake.
  #held: Uint8Array[] | null = null;
  #isHandshaking = true;
  #isSilent = true;

  /** The transport below; it is another one when layers come and go there. */
  get inner(): Transport {
    if (this.#inner !== null) return this.#inner;
    throw new InvalidStateError("Cannot use transport: not connected yet");
  }

  set inner(transport: Transport) {
    const before = this.#inner;
    this.#inner = transport;
    // The transport before may still be reading into what it was lent.
    const isSame = before instanceof LayerPassage && before.inner === transport;
    if (before !== null && !isSame) this.#buffer = new ReadBuffer();
    // The bytes that wait below are not counted above, where the protocol's water marks are.
    transport.setWriteBufferLimits({ high: 0 });
  }

  /**
   * Where the transport below reads to. The engine copies, so that the same memory serves for every
   * read.
   */
  get target(): Bytes {
    return this.#buffer.target;
  }

  /** Whether {@linkcode waitATurn} has an effect. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** Feeds nothing to the engine before the event loop has made a turn. */
  waitATurn(): void {
    this.#waiting = nextTurn().then(() => void (this.#waiting = null));
  }

  /** The first `n` bytes of the target, which may be read into again later. */
  take(n: number): Bytes {
    const bytes = this.#buffer.target.subarray(0, n);
    this.#buffer.reuse(n);
    return bytes;
  }

  /** Gives the engine bytes, which it copies; those that have to wait are copied here. */
  feed(bytes: Bytes): void | Promise<void> {
    if (this.#waiting === null) return this.#feedChunk(bytes);
    const copy = copyOf(bytes);
    return this.#waiting.then(() => this.#feedChunk(copy));
  }

  /** The handshake is over: what the engine gives leaves at once. */
  endHandshake(): void {
    this.#isHandshaking = false;
  }

  /**
   * Sends a fatal alert instead of the flight that the engine has just given, which would tell the
   * peer that all is well. Only where the peer still expects alerts in the clear.
   */
  refuse(alert: number): void {
    if (this.#held !== null) this.#held = [alertRecord(alert)];
  }

  /**
   * Sends a fatal alert if the engine has sent nothing at all: it says nothing of some failures.
   */
  breakSilence(alert: number): void {
    if (this.#isSilent && !this.#held?.length) void this.#send(alertRecord(alert));
  }

  /** The transport below is full, or has room again. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
    if (!isFull) this.#waitsForRoom.release();
  }

  /** Whether the transport below is full. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Nothing if the transport below has room; else a promise that resolves when it has. */
  room(): void | Promise<void> {
    return this.#isFull ? this.#waitsForRoom.wait() : undefined;
  }

  /**
   * Ends our direction of the transport below, after what the engine still has to send: its
   * close_notify.
   */
  async endWriting(): Promise<void> {
    // It comes within this turn, or once what went before has left: a write may count as done
    // earlier.
    for (await nextTurn(); this.#isFull; await nextTurn()) await this.room();
    if (!this.#inner?.canWriteEof()) return;
    this.#hasEnded = true;
    this.#inner.writeEof();
  }

  /** Waits a turn. Tells whether anything that the engine gave is still to leave. */
  async hasUnsent(): Promise<boolean> {
    await nextTurn();
    return this.#inner !== null && !this.#inner.isClosing() &&
      this.#inner.getWriteBufferSize() > 0;
  }

  /**
   * Lets the engine's alert leave, which it writes within this turn, then ends the transport below.
   *
   * @param linger How many milliseconds the peer gets to see it, while it still sends.
   */
  async leave(error: Error, linger: number = 0): Promise<void> {
    for (let turns = 0; turns < MAX_TURNS && await this.hasUnsent();) turns++;
    const inner = this.#inner;
    // Only sockets are reset.
    const isSocket = inner !== null && inner.getExtraInfo("socket") !== null;
    if (isSocket && linger > 0) await lingerOn(inner, { linger });
    this.#inner?.abort(error);
    this.duplex.release();
  }

  /** Feeds the part of a chunk before which no error can come, then the rest. */
  #feedChunk(chunk: Bytes): void | Promise<void> {
    const cut = this.#boundaries.cut(chunk);
    if (cut > 0) this.#feedRecords(chunk.subarray(0, cut));
    if (this.#waiting === null) return this.#feedRecords(cut > 0 ? chunk.subarray(cut) : chunk);
    const rest = copyOf(chunk, cut);
    return this.#waiting.then(() => this.#feedRecords(rest));
  }

  #feedRecords(records: Bytes): void {
    if (!this.#isHandshaking) return this.duplex.receive(records);
    this.#held = [];
    this.duplex.receive(records);
    const held = this.#held;
    this.#held = null;
    for (const bytes of held) void this.#send(bytes);
  }

  /** Must not throw: the engine would not know what to do about it. */
  #send(bytes: Uint8Array): void | Promise<void> {
    // No alert can follow the end of our direction.
    if (this.#hasEnded) return;
    if (this.#held !== null) return void this.#held.push(bytes);
    this.#isSilent = false;
    try {
      // The writes of one turn were gathered above already; the engine made these bytes for this.
      if (this.#inner !== null) writeNow(this.#inner, bytes);
    } catch (thrown) {
      return this.#inner?.abort(toError(thrown));
    }
    return this.room();
  }
}

/** A record with a fatal alert, in the clear (RFC 8446, 6). */
function alertRecord(alert: number): Uint8Array {
  return new Uint8Array([21, 3, 3, 0, 2, 2, alert]);
}
