import type { TLSSocket } from "node:tls";
import type {
  AnyProtocol,
  BufferedProtocolCallbacks,
  Bytes,
  CloseInfo,
  Transport,
} from "../../protocols/contract.ts";
import {
  ConnectionLostError,
  HandshakeTimeoutError,
  InvalidStateError,
  PlaintextInjectionError,
  ShutdownTimeoutError,
  TruncationError,
} from "../../protocols/errors.ts";
import { ReadBuffer } from "../core/read/read_buffer.ts";
import { callBack } from "../core/callbacks.ts";
import type { Carrier } from "../core/carrier.ts";
import { CarrierTransport } from "../core/carrier_transport.ts";
import { toError } from "../core/error_report.ts";
import { clockFor, nextTurn, startTimer } from "../core/clock.ts";
import { markStacked } from "../stack/restack.ts";
import type { TransportOptions } from "../core/transport_options.ts";
import { PlaintextSource } from "./_plaintext_source.ts";
import { TlsDuplex } from "./_tls_duplex.ts";
import { startHandshake } from "./_tls_engine.ts";
import {
  endedHandshake,
  endsOf,
  handshakeError,
  protocolError,
  type TlsEnds,
} from "./_tls_errors.ts";
import type { Verdict } from "./_session_trust.ts";
import { tlsFacts } from "./_tls_facts.ts";
import { MOST_DROPPED, type ResolvedTlsOptions } from "./tls_options.ts";

/**
 * What goes into the engine at a time, in bytes: three full records, the most that it encrypts at once. What
 * is left of more goes through it round by round, at two to three times the cost.
 */
const WRITE_SIZE = 49_152;

/** How many turns of the event loop the engine takes, at most, to tell of an error, and an alert to leave. */
const TURNS_TO_TELL = 8;

/**
 * TLS over any transport, by node:tls. To the transport below it is the protocol; to the transport above, which
 * starts with the end of the handshake, what carries its bytes.
 *
 * ```text
 * inner.dataReceived -> TlsDuplex -> engine -> PlaintextSource -> top's pump -> upper
 * upper -> top's queue -> write -> engine -> TlsDuplex -> inner.write
 * ```
 *
 * The engine decrypts whatever it is given at once, so it is given nothing while plaintext waits: that
 * is the back-pressure on reading. Its own flow control is never used.
 */
export class TlsCarrier implements Carrier, BufferedProtocolCallbacks {
  readonly source: PlaintextSource = new PlaintextSource();
  readonly #options: ResolvedTlsOptions;
  readonly #upper: AnyProtocol;
  readonly #isStrict: boolean;
  readonly #top: CarrierTransport;
  readonly #duplex: TlsDuplex;
  readonly #peerEnded = Promise.withResolvers<void>();
  #phase: "handshake" | "secured" | "open" | "finishing" | "over" = "handshake";
  // The engine takes no data before it has run once: garbage that came in its first turn would be thrown, not told.
  #starting: Promise<void> | null = null;
  #buffer = new ReadBuffer();
  #inner: Transport | null = null;
  #socket: TLSSocket | null = null;
  #facts: ReadonlyMap<string, unknown> = new Map();
  #stopTimer: (() => void) | null = null;
  #isWriteEnded = false;
  #finished: Promise<void> | null = null;
  #hasPeerEnded = false;
  #hasFailed = false;
  #dropped = 0;
  // What the transport below was lost with.
  #lost: Error | null = null;
  #isFull = false;
  // While what the engine gave last has no room below.
  #sending: Promise<void> | null = null;
  #hasEndedInner = false;
  #onRoom: (() => void) | null = null;

  /**
   * Stands below `upper`; the transport below comes with `connectionMade`.
   *
   * @param options How to encrypt.
   * @param upper What is told of the encrypted connection.
   * @param transport Limits of the encrypted transport, and its error handler.
   * @param strict Refuses what is there already when it begins.
   */
  constructor(
    options: ResolvedTlsOptions,
    upper: AnyProtocol,
    transport: TransportOptions,
    strict = false,
  ) {
    this.#options = options;
    this.#isStrict = strict;
    this.#upper = upper;
    this.#top = new CarrierTransport(this, upper, transport);
    this.#duplex = new TlsDuplex((bytes) => this.#send(bytes));
    markStacked(this);
  }

  /** The transport below; it is another one when layers come and go there. */
  get inner(): Transport {
    if (this.#inner !== null) return this.#inner;
    throw new InvalidStateError("Cannot use transport: not connected yet");
  }

  set inner(transport: Transport) {
    this.#inner = transport;
    // The transport before may still be reading into what it was lent.
    this.#buffer = new ReadBuffer();
    // Whatever waits below is not counted above, where the marks are that the protocol hears of.
    transport.setWriteBufferLimits({ high: 0 });
  }

  connectionMade(inner: Transport): void {
    this.inner = inner;
    const { handshakeTimeout } = this.#options;
    this.#stopTimer = startTimer(handshakeTimeout, () => {
      const { peer, local } = endsOf(inner);
      const error = new HandshakeTimeoutError(peer, local, handshakeTimeout);
      this.#giveUp(error);
      inner.abort(error);
    }, clockFor(inner));
    this.#starting = nextTurn().then(() => void (this.#starting = null));
    try {
      startHandshake(this.#duplex, this.#options, {
        onSecure: (socket, verdict) => void this.#open(socket, verdict),
        onHandshakeError: (error) => this.#refuse(handshakeError(error, inner)),
      });
    } catch (thrown) {
      this.#refuse(handshakeError(toError(thrown), inner));
    }
  }

  // The engine copies what it is given, so that the same memory serves for every read.
  getBuffer(): Bytes {
    return this.#buffer.target;
  }

  bufferUpdated(n: number): void | Promise<void> {
    const chunk = this.#buffer.target.subarray(0, n);
    if (this.#starting !== null) return this.#receive(chunk.slice());
    const settled = this.#receive(chunk);
    this.#buffer.reuse(n);
    return settled;
  }

  #receive(chunk: Bytes): void | Promise<void> {
    if (this.#starting !== null && this.#isStrict) return this.#refuseInjection(chunk);
    if (this.#starting !== null) return this.#starting.then(() => this.#receive(chunk));
    if (this.#phase === "over" || this.#hasPeerEnded) return;
    if (this.#phase === "finishing" && (this.#dropped += chunk.length) > MOST_DROPPED) {
      this.#inner?.pauseReading();
      return this.#peerEnded.resolve();
    }
    this.#duplex.receive(chunk);
    return this.source.drained();
  }

  eofReceived(): boolean {
    if (this.#phase === "handshake") void this.#endHandshake(null);
    else if (!this.#hasPeerEnded) {
      // All that arrived was decrypted by now; if close_notify was in it, the engine tells within this turn.
      const { peer, local } = this.#ends();
      void nextTurn().then(() => this.#endReading(new TruncationError(peer, local)));
    }
    return true;
  }

  pauseWriting(): void {
    this.#isFull = true;
  }

  resumeWriting(): void {
    this.#isFull = false;
    this.#onRoom?.();
  }

  connectionLost(error: Error | null): void {
    this.#lost = error ?? new ConnectionLostError();
    this.resumeWriting();
    this.#peerEnded.resolve();
    // The handshake was done: what is above is told of the connection and then of its loss.
    this.#start();
    if (this.#phase === "handshake") void this.#endHandshake(error);
    else if (error === null && this.#phase === "open") this.#top.abort();
    else if (this.#phase === "open" && this.#hasPeerEnded) void this.#loseAfterEnd(this.#lost);
    else this.#endReading(this.#phase === "finishing" ? null : this.#lost);
  }

  async write(bytes: Uint8Array): Promise<number> {
    const piece = bytes.length > WRITE_SIZE ? bytes.subarray(0, WRITE_SIZE) : bytes;
    await new Promise<void>((resolve, reject) => {
      this.#socket?.write(piece, (error) => error ? reject(error) : resolve());
    });
    if (this.#lost !== null) throw this.#lost;
    return piece.length;
  }

  async closeWrite(): Promise<void> {
    this.#isWriteEnded = true;
    await new Promise<void>((resolve) => this.#socket?.end(resolve));
    // close_notify comes down within this turn, or once what went before has left: a write may count as done earlier.
    for (await nextTurn(); this.#sending !== null; await nextTurn()) await this.#sending;
    if (this.#lost !== null) throw this.#lost;
    if (!this.#inner?.canWriteEof()) return;
    this.#hasEndedInner = true;
    this.#inner.writeEof();
  }

  finish(): Promise<void> {
    return this.#finished ??= this.#exchangeEnds();
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.#stop();
    this.source.drop();
    this.source.end();
    if (this.#hasFailed) void this.#leave(error);
    else if (endedBy === "abort" || error !== null) this.#inner?.abort(error ?? undefined);
    this.#socket?.destroy();
  }

  getExtraInfo(name: string): unknown {
    return this.#facts.get(name) ?? this.#inner?.getExtraInfo(name);
  }

  async #open(socket: TLSSocket, verdict: Verdict): Promise<void> {
    if (this.#phase !== "handshake") return void socket.destroy();
    this.#stopTimer?.();
    this.#phase = "secured";
    this.#socket = socket;
    this.#facts = tlsFacts(socket, this.#options, verdict);
    socket.on("error", (error) => {
      this.#hasFailed = true;
      this.#endReading(protocolError(error, this.#ends()));
    });
    socket.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      this.source.put(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    });
    socket.on("end", () => this.#endReading(null));
    // Our last message of the handshake may still have to leave, which a protocol that aborts would take back.
    while (await this.#hasUnsent()) continue;
    this.#start();
  }

  /** The peer has ended its direction, so that the loss cannot be told as what a read failed with. */
  async #loseAfterEnd(error: Error): Promise<void> {
    await this.source.drained();
    this.#top.abort(error);
  }

  #start(): void {
    if (this.#phase !== "secured") return;
    this.#phase = "open";
    this.#top.start();
  }

  async #hasUnsent(): Promise<boolean> {
    await nextTurn();
    return this.#lost === null && this.#inner !== null && this.#inner.getWriteBufferSize() > 0;
  }

  /** Says that we are done, waits until the peer says so, and ends the transport below. */
  async #exchangeEnds(): Promise<void> {
    const inner = this.#inner;
    if (inner === null) return;
    const { shutdownTimeout } = this.#options;
    this.#phase = "finishing";
    this.source.drop();
    const { peer, local } = this.#ends();
    this.#stopTimer = startTimer(shutdownTimeout, () => {
      const unsent = inner.getWriteBufferSize();
      const error = new ShutdownTimeoutError(peer, local, shutdownTimeout, unsent);
      inner.abort(unsent > 0 ? error : undefined);
    }, clockFor(inner));
    if (!this.#isWriteEnded) await this.closeWrite();
    // Closed before the peer has read everything, a socket is reset and the peer may lose what it has not read.
    await this.#peerEnded.promise;
    inner.close();
    const { error, bytesUnsent } = await inner.closed;
    if (error !== null && bytesUnsent > 0) throw error;
  }

  #endReading(error: Error | null): void {
    if (this.#hasPeerEnded) return;
    this.#hasPeerEnded = true;
    this.#peerEnded.resolve();
    this.source.end(error);
  }

  /** Must not throw: the engine would not know what to do about it. */
  #send(bytes: Uint8Array): void | Promise<void> {
    // No alert can follow our end of data.
    if (this.#hasEndedInner) return;
    try {
      this.#inner?.write(bytes);
    } catch (thrown) {
      return this.#inner?.abort(toError(thrown));
    }
    if (!this.#isFull) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onRoom = () => {
      this.#sending = null;
      resolve();
    };
    return this.#sending = promise;
  }

  /** The connection ended in the handshake, unless the engine says something better: what it was told by an alert. */
  async #endHandshake(error: Error | null): Promise<void> {
    for (let turns = 0; turns < TURNS_TO_TELL; turns++) await nextTurn();
    if (this.#inner !== null) this.#refuse(endedHandshake(this.#inner, error));
  }

  /** The handshake failed: the engine's alert goes out, then the connection ends. */
  #refuse(error: Error): void {
    if (this.#phase !== "handshake") return;
    this.#giveUp(error);
    void this.#leave(error);
  }

  #refuseInjection(chunk: Bytes): void {
    const { peer, local } = this.#ends();
    const error = new PlaintextInjectionError(peer, local, chunk.length);
    this.#giveUp(error);
    this.#inner?.abort(error);
  }

  /** No connection comes about: whoever waits for it is told. */
  #giveUp(error: Error): void {
    if (this.#phase !== "handshake") return;
    this.#stop();
    callBack(this.#upper, "connectionLost", this.#top.onCallbackError, error);
  }

  /** Ends the transport below once the alert is out, which the engine writes within this turn. Never rejects. */
  async #leave(error: Error | null): Promise<void> {
    for (let turns = 0; turns < TURNS_TO_TELL && await this.#hasUnsent();) turns++;
    this.#inner?.abort(error ?? undefined);
  }

  #stop(): void {
    this.#phase = "over";
    this.#stopTimer?.();
    this.#peerEnded.resolve();
  }

  #ends(): TlsEnds {
    return this.#inner === null ? { peer: "the peer", local: "this end" } : endsOf(this.#inner);
  }
}
