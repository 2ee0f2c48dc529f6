import type { TLSSocket } from "node:tls";
import type { Bytes } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/close_info.ts";
import type {
  AnyProtocol,
  BufferedProtocolCallbacks,
  Transport,
} from "../../protocols/contract.ts";
import {
  ConnectionLostError,
  HandshakeTimeoutError,
  PlaintextInjectionError,
  ShutdownTimeoutError,
  TlsProtocolError,
  TruncationError,
} from "../../protocols/errors.ts";
import { callBack } from "../core/callbacks.ts";
import type { Carrier } from "../core/carrier.ts";
import { CarrierTransport } from "../core/carrier_transport.ts";
import { clockFor, nextTurn, startTimer } from "../core/clock.ts";
import { toError } from "../core/error_report.ts";
import type { TransportOptions } from "../core/transport_options.ts";
import { markStacked } from "../stack/restack.ts";
import { CiphertextLink } from "./_ciphertext_link.ts";
import { endedHandshake, endsOf, handshakeError, protocolError } from "./_tls_errors.ts";
import { tlsFacts } from "./_tls_facts.ts";
import { TlsPhases } from "./_tls_phases.ts";
import type { Verdict } from "./certificates/session_trust.ts";
import { ChunkQueue } from "../core/read/chunk_queue.ts";
import { startHandshake } from "./engine/start_handshake.ts";
import { MAX_DROPPED, type ResolvedTlsOptions } from "./tls_options.ts";

/**
 * How much goes into the engine at a time, in bytes: three full records, the most that it encrypts at
 * once. The rest of a larger piece goes through it round by round, at two to three times the cost.
 */
const WRITE_SIZE = 49_152;

/** How many turns of the event loop the engine takes, at most, to tell of an error. */
const MAX_TURNS = 8;

/**
 * TLS over any transport, by node:tls. The transport below sees it as the protocol. The transport
 * above, which starts with the end of the handshake, sees it as the carrier of its bytes.
 *
 * ```text
 * inner.dataReceived -> CiphertextLink -> engine -> ChunkQueue -> top's pump -> upper
 * upper -> top's queue -> write -> engine -> CiphertextLink -> inner.write
 * ```
 *
 * The engine decrypts at once what it is given, so it is given nothing while plaintext waits: that
 * is the back-pressure on reading. Its own flow control is never used. `_tls_phases.ts` has a drawing
 * of the phases.
 */
export class TlsCarrier implements Carrier, BufferedProtocolCallbacks {
  readonly source: ChunkQueue = new ChunkQueue();
  readonly #options: ResolvedTlsOptions;
  readonly #upper: AnyProtocol;
  readonly #isStrict: boolean;
  readonly #top: CarrierTransport;
  readonly #link = new CiphertextLink();
  readonly #phases = new TlsPhases();
  readonly #peerEnded = Promise.withResolvers<void>();
  #socket: TLSSocket | null = null;
  #facts: ReadonlyMap<string, unknown> = new Map();
  #stopTimer: () => void = () => {};
  #writeEnded: Promise<void> | null = null;
  #finished: Promise<void> | null = null;
  #dropped = 0;
  // The error with which the transport below was lost.
  #lost: Error | null = null;

  /**
   * Goes below `upper`; the transport below comes with `connectionMade`.
   *
   * @param options How to encrypt.
   * @param upper Told of the encrypted connection.
   * @param transport Limits of the encrypted transport, and its error handler.
   * @param strict Refuses bytes that have arrived before it begins.
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
    markStacked(this);
  }

  /** The transport below; it is another one when layers come and go there. */
  get inner(): Transport {
    return this.#link.inner;
  }

  set inner(transport: Transport) {
    this.#link.inner = transport;
  }

  connectionMade(inner: Transport): void {
    this.inner = inner;
    const { handshakeTimeout } = this.#options;
    this.#stopTimer = startTimer(handshakeTimeout, () => {
      const { peer, local } = endsOf(inner);
      this.#abandon(new HandshakeTimeoutError(peer, local, handshakeTimeout));
    }, clockFor(inner));
    // Before it has run once, the engine throws at garbage where it should tell of it.
    this.#link.waitATurn();
    try {
      startHandshake(this.#link.duplex, this.#options, {
        onSecure: (socket, verdict) => void this.#open(socket, verdict),
        onHandshakeError: (error, alert) => {
          if (alert !== undefined) this.#link.refuse(alert);
          void this.#refuse(handshakeError(error, inner));
        },
      });
    } catch (thrown) {
      void this.#refuse(handshakeError(toError(thrown), inner));
    }
  }

  getBuffer(): Bytes {
    return this.#link.target;
  }

  bufferUpdated(n: number): void | Promise<void> {
    const phase = this.#phases.now;
    if (this.#isStrict && phase === "handshake" && this.#link.isWaiting) {
      const { peer, local } = endsOf(this.inner);
      return this.#abandon(new PlaintextInjectionError(peer, local, n));
    }
    if (phase === "over" || this.source.hasEnded) return;
    if (phase === "finishing" && (this.#dropped += n) > MAX_DROPPED) {
      this.inner.pauseReading();
      return this.#peerEnded.resolve();
    }
    const fed = this.#link.feed(n);
    return fed === undefined ? this.source.drained() : fed.then(() => this.source.drained());
  }

  eofReceived(): boolean {
    if (this.#phases.now === "handshake") void this.#endHandshake(null);
    else if (!this.source.hasEnded) {
      // All that arrived was decrypted by now. If close_notify was in it, the engine tells within this turn.
      const { peer, local } = endsOf(this.inner);
      void nextTurn().then(() => this.#endReading(new TruncationError(peer, local)));
    }
    return true;
  }

  pauseWriting(): void {
    this.#link.setFull(true);
  }

  resumeWriting(): void {
    this.#link.setFull(false);
  }

  connectionLost(error: Error | null): void {
    this.#lost = error ?? new ConnectionLostError();
    this.#link.setFull(false);
    this.#peerEnded.resolve();
    // The handshake was done: the protocol above is told of the connection and then of its loss.
    this.#start();
    const phase = this.#phases.now;
    if (phase === "handshake") void this.#endHandshake(error);
    else if (error === null && phase === "open") this.#top.abort();
    else if (phase === "open" && this.source.hasEnded) void this.#loseAfterEnd(this.#lost);
    else this.#endReading(phase === "finishing" ? null : this.#lost);
  }

  async write(bytes: Uint8Array): Promise<number> {
    const piece = bytes.length > WRITE_SIZE ? bytes.subarray(0, WRITE_SIZE) : bytes;
    await new Promise<void>((resolve, reject) => {
      this.#socket?.write(piece, (error) => error ? reject(error) : resolve());
    });
    if (this.#lost !== null) throw this.#lost;
    return piece.length;
  }

  closeWrite(): Promise<void> {
    return this.#writeEnded ??= this.#endWriting();
  }

  finish(): Promise<void> {
    return this.#finished ??= this.#exchangeEnds();
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.#stop();
    this.source.drop();
    this.source.end();
    // The engine tells the peer by an alert what is wrong with its data.
    if (error instanceof TlsProtocolError) return void this.#leave(error);
    if (endedBy === "abort" || error !== null) this.inner.abort(error ?? undefined);
    this.#release();
  }

  getExtraInfo(name: string): unknown {
    return this.#facts.get(name) ?? this.inner.getExtraInfo(name);
  }

  async #open(socket: TLSSocket, verdict: Verdict): Promise<void> {
    this.#socket = socket;
    if (!this.#phases.advance("secure")) return this.#release();
    this.#stopTimer();
    this.#link.endHandshake();
    this.#facts = tlsFacts(socket, this.#options, verdict);
    socket.on("error", (error) => this.#endReading(protocolError(error, endsOf(this.inner))));
    socket.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      this.source.put(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    });
    socket.on("end", () => this.#endReading(null));
    // The listener for data takes effect after a turn. Until then an error would drop the data before it.
    this.#link.waitATurn();
    // Our last message of the handshake may still have to leave. A protocol that aborts would take it back.
    while (await this.#link.hasUnsent()) continue;
    this.#start();
  }

  #start(): void {
    if (this.#phases.advance("start")) this.#top.start();
  }

  /** The peer has ended its direction, so that the loss cannot be told by a read that fails. */
  async #loseAfterEnd(error: Error): Promise<void> {
    await this.source.drained();
    this.#top.abort(error);
  }

  async #endWriting(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket?.end(resolve));
    await this.#link.endWriting();
    if (this.#lost !== null) throw this.#lost;
  }

  /** Tells the peer that we are done, waits until it is done too, and ends the transport below. */
  async #exchangeEnds(): Promise<void> {
    const { inner } = this;
    const { shutdownTimeout } = this.#options;
    this.#phases.advance("finish");
    this.source.drop();
    const { peer, local } = endsOf(inner);
    this.#stopTimer = startTimer(shutdownTimeout, () => {
      const unsent = inner.getWriteBufferSize();
      const error = new ShutdownTimeoutError(peer, local, shutdownTimeout, unsent);
      inner.abort(unsent > 0 ? error : undefined);
    }, clockFor(inner));
    await this.closeWrite();
    // Closed before the peer has read everything, a socket is reset and the peer may lose the rest.
    await this.#peerEnded.promise;
    inner.close();
    const { error, bytesUnsent } = await inner.closed;
    if (error !== null && bytesUnsent > 0) throw error;
  }

  #endReading(error: Error | null): void {
    this.#peerEnded.resolve();
    this.source.end(error);
  }

  /** The connection ended in the handshake, unless the engine tells more: what an alert said. */
  async #endHandshake(error: Error | null): Promise<void> {
    for (let turns = 0; turns < MAX_TURNS; turns++) await nextTurn();
    await this.#refuse(endedHandshake(this.inner, error));
  }

  /** The handshake failed: the engine's alert goes out, then the connection ends. */
  async #refuse(error: Error): Promise<void> {
    if (this.#fail(error)) await this.#leave(error);
  }

  /** Ends the connection in mid-handshake, at once. */
  #abandon(error: Error): void {
    if (!this.#fail(error)) return;
    this.inner.abort(error);
    this.#release();
  }

  /** No connection comes about: the protocol above is told. Tells whether it was so. */
  #fail(error: Error): boolean {
    if (this.#phases.now !== "handshake") return false;
    this.#stop();
    callBack(this.#upper, "connectionLost", this.#top.onCallbackError, error);
    return true;
  }

  async #leave(error: Error): Promise<void> {
    await this.#link.untilAlertLeft();
    this.inner.abort(error);
    this.#release();
  }

  #stop(): void {
    this.#phases.advance("stop");
    this.#stopTimer();
    this.#peerEnded.resolve();
  }

  /** Frees the engine, after any end of the connection. */
  #release(): void {
    this.#socket?.destroy();
    this.#link.duplex.release();
  }
}
