import { Duplex } from "node:stream";
import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { toError } from "../../protocols/thrown.ts";
import { nextTurn } from "../../transports/core/clock.ts";
import { closeInTime } from "../../transports/core/ending/close_in_time.ts";
import { isWritingEnded } from "../../transports/core/write/writing.ts";

/** Called when something is done, with the error if it failed. */
type Done = (error?: Error | null) => void;

/** Makes a protocol the receiver of a connection; returns the transport of that. */
export type Attach = (protocol: ProtocolCallbacks) => Transport;

/**
 * A transport as a Duplex: the bytes, the ends and the failures.
 *
 * ```text
 * transport -> dataReceived -> push        full: pauseReading; read by the user: resumeReading
 * write -> transport.write                 done when all of it has left
 * end -> writeEof, or close()              where the transport has no half-close
 * both ends, destroySoon -> close()        destroy -> abort()
 * connectionLost -> error once, close
 * ```
 */
export class TransportDuplex extends Duplex {
  /**
   * How many milliseconds the peer may go on sending after the stream has ended in good order. What
   * it sends is dropped.
   */
  linger = 0;
  #transport: Transport | null = null;
  #isLost = false;
  // Whether the user has read, and everything that there was.
  #isAsked = false;
  // While the connection is being made: what is to be done then.
  #held: (() => void) | null = null;
  // While what was written has not left.
  #written: Done | null = null;
  #isFull = false;
  #read = 0;
  #sent = 0;

  /** Is without a connection until {@linkcode begin}. */
  constructor(allowHalfOpen: boolean) {
    super({
      allowHalfOpen,
      read: () => this.#readOn(),
      write: (chunk: Uint8Array, _encoding, done) => this.#write([chunk], done),
      writev: (parts: readonly { readonly chunk: Uint8Array }[], done) =>
        this.#write(parts.map(({ chunk }) => chunk), done),
      final: (done) => this.#whenAttached(() => this.#end(done)),
      destroy: (error, done) => this.#release(error, done),
    });
  }

  /** Takes over a connection, now or when it is there. */
  begin(source: Attach | Promise<Attach>): void {
    if (source instanceof Promise) void this.#attachLater(source);
    else this.#attach(source);
  }

  /** The connection; `null` while it is being made. */
  get transport(): Transport | null {
    return this.#transport;
  }

  /** Bytes received until now. */
  get bytesRead(): number {
    return this.#read;
  }

  /** Bytes written until now, those that wait here included. */
  get bytesWritten(): number {
    return this.#sent + this.writableLength;
  }

  /**
   * Gives the transport back, whose protocol is to be set next: the stream closes without it.
   *
   * @returns The bytes that were received and not read.
   */
  detach(): Bytes {
    this.pause();
    const parts: Bytes[] = [];
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) parts.push(copyOf(chunk));
    // To read has asked for more.
    this.#transport?.pauseReading();
    this.#isLost = true;
    this.destroy();
    return joinBytes(parts);
  }

  /** Told of each event of the connection in either direction. */
  protected onActivity(): void {}

  async #attachLater(source: Promise<Attach>): Promise<void> {
    try {
      const attach = await source;
      this.#attach(attach);
    } catch (thrown) {
      this.destroy(toError(thrown));
      return;
    }
    if (this.destroyed) return this.#transport?.abort();
    this.emit("connect");
    this.emit("ready");
    const held = this.#held;
    this.#held = null;
    held?.();
    if (this.#isAsked) this.#transport?.resumeReading();
  }

  #attach(attach: Attach): void {
    const transport = attach(this.#protocol);
    this.#transport = transport;
    // Nothing is read before it is asked for, and a write is done when all of it has left.
    transport.pauseReading();
    transport.setWriteBufferLimits({ high: 0 });
    if (isWritingEnded(transport)) this.end();
    if (!transport.isClosing()) return;
    // It may be too late for the transport to tell.
    void transport.closed.then(({ error }) => this.#lose(error));
  }

  readonly #protocol: ProtocolCallbacks = {
    dataReceived: (chunk) => {
      this.#read += chunk.length;
      this.onActivity();
      if (!this.push(chunk)) this.#transport?.pauseReading();
    },
    eofReceived: () => {
      this.push(null);
      return true;
    },
    pauseWriting: () => void (this.#isFull = true),
    resumeWriting: () => {
      this.#isFull = false;
      this.onActivity();
      this.#tellWritten();
    },
    // The peer's last words are still read, and say more; then the loss tells of this. Where the
    // user does not read, there would never be a loss, and the write would never be done.
    writingFailed: (error) => {
      if (this.#transport?.isReading() !== true) this.destroy(error);
    },
    connectionLost: (error) => this.#lose(error),
  };

  #readOn(): void {
    this.#isAsked = true;
    this.#transport?.resumeReading();
  }

  #whenAttached(act: () => void): void {
    if (this.#transport === null) this.#held = act;
    else act();
  }

  #write(chunks: readonly Uint8Array[], done: Done): void {
    this.#written = (error) => {
      for (const { length } of chunks) this.#sent += length;
      done(error);
    };
    this.#whenAttached(() => {
      this.onActivity();
      try {
        this.#transport?.writelines(chunks);
      } catch (thrown) {
        return this.#tellWritten(toError(thrown));
      }
      if (!this.#isFull) this.#tellWritten();
    });
  }

  #tellWritten(error: Error | null = null): void {
    const written = this.#written;
    this.#written = null;
    // A lost connection tells by its error.
    if (error !== null || !this.#isLost) written?.(error);
  }

  #end(done: Done): void {
    if (this.#transport?.canWriteEof()) this.#transport.writeEof();
    else this.#transport?.close();
    done();
  }

  #lose(error: Error | null): void {
    if (this.#isLost) return;
    this.#isLost = true;
    if (error !== null || this.#written !== null) {
      this.destroy(error ?? new Deno.errors.BrokenPipe("the connection was closed"));
      return;
    }
    if (this.readableEnded) return void this.destroy();
    // The bytes that were received are still to be read; their end is the end of both directions.
    this.once("end", () => void this.destroy());
    this.push(null);
  }

  /**
   * A socket of Node's has given the system what was written before it is destroyed; here that is
   * done at the end of the turn.
   */
  async #giveUp(transport: Transport): Promise<void> {
    transport.pauseReading();
    if (transport.getWriteBufferSize() > 0) await nextTurn();
    transport.abort();
  }

  #release(error: Error | null, done: Done): void {
    const close = (): void => {
      done(error);
      this.#tellWritten(error ?? new Deno.errors.Interrupted("the stream was destroyed"));
    };
    const transport = this.#transport;
    if (transport === null || this.#isLost) return close();
    const isComplete = error === null && this.writableFinished;
    if (isComplete) void closeInTime(transport, { timeout: Infinity, linger: this.linger });
    else if (error !== null) transport.abort(error);
    else void this.#giveUp(transport);
    void transport.closed.then(close);
  }
}
