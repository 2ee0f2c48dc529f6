import type { ExtraInfo } from "../../protocols/facts/extra_info.ts";
import type { TLSSocket } from "node:tls";
import type { Bytes } from "../../protocols/bytes.ts";
import type {
  AnyProtocol,
  BufferedProtocolCallbacks,
  Transport,
} from "../../protocols/contract.ts";
import {
  ConnectionLostError,
  PlaintextInjectionError,
  TlsProtocolError,
  TruncationError,
} from "../../protocols/errors.ts";
import { callBack } from "../core/callbacks.ts";
import { canReset, toAbort } from "../core/ending/abort_options.ts";
import type { Carrier, CarrierOutcome } from "../core/carrier.ts";
import { InPlaceProtocol } from "../core/read/lent_buffer.ts";
import { CarrierTransport } from "../core/carrier_transport.ts";
import { Connection } from "../core/connection.ts";
import { nextTurn } from "../core/clock.ts";
import type { TransportOptions } from "../core/transport_options.ts";
import { slotOf } from "../core/stack_slot.ts";
import { CiphertextLink } from "./_ciphertext_link.ts";
import { endsOf, protocolError } from "./_tls_errors.ts";
import { tlsFacts } from "./socket_facts.ts";
import { TlsHandshake } from "./_tls_handshake.ts";
import { TlsPhases } from "./_tls_phases.ts";
import { TlsShutdown } from "./_tls_shutdown.ts";
import type { Verdict } from "./certificates/session_trust.ts";
import { PlaintextSource } from "./engine/plaintext_source.ts";
import { SecuredSocket } from "./engine/secured_socket.ts";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/**
 * TLS over any transport, by node:tls. The transport below sees it as the protocol. The transport
 * above, which starts with the end of the handshake, sees it as the carrier of its bytes.
 *
 * ```text
 * inner.dataReceived -> CiphertextLink -> engine -> PlaintextSource -> upper
 * upper -> top's queue -> write -> engine -> CiphertextLink -> inner.write
 * ```
 *
 * The engine decrypts at once what it is given, so it is given nothing while plaintext waits: that
 * is the back-pressure on reading. Its own flow control is never used. `_tls_phases.ts` has a
 * drawing of the phases.
 */
export class TlsCarrier extends InPlaceProtocol implements Carrier, BufferedProtocolCallbacks {
  readonly source: PlaintextSource = new PlaintextSource();
  readonly #options: ResolvedTlsOptions;
  readonly #upper: AnyProtocol;
  readonly #isStrict: boolean;
  readonly #connection: Connection;
  readonly #link = new CiphertextLink();
  readonly #phases = new TlsPhases();
  readonly #handshake = new TlsHandshake(this.#link, this.#phases, {
    onSecure: (socket, verdict) => this.#open(socket, verdict),
    onFailed: (error) => {
      callBack(this.#upper, "connectionLost", this.#connection.onCallbackError, error);
    },
  });
  readonly #shutdown = new TlsShutdown(this.#link);
  #secured: SecuredSocket | null = null;
  #facts: ReadonlyMap<string, unknown> = new Map();
  #writeEnded: Promise<void> | null = null;
  // Whether the transport below was lost, and the error with which it was.
  #isLost = false;
  #lost: Error | null = null;

  /**
   * Goes below `upper`; the transport below comes with `connectionMade`. `transport` has the limits
   * of the encrypted transport; `strict` refuses bytes that have arrived before it begins.
   */
  constructor(
    options: ResolvedTlsOptions,
    upper: AnyProtocol,
    transport: TransportOptions,
    strict = false,
  ) {
    super();
    this.#options = options;
    this.#isStrict = strict;
    this.#upper = upper;
    this.#connection = new Connection(this, upper, transport);
    new CarrierTransport(this.#connection);
  }

  /** The encrypted transport. */
  get #top(): Transport {
    return this.#connection.transport;
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
    this.#handshake.begin(inner, this.#options);
  }

  getBuffer(): Bytes {
    return this.#link.target;
  }

  bufferUpdated(n: number): void | Promise<void> {
    return this.bytesReceived(this.#link.take(n));
  }

  override bytesReceived(bytes: Bytes): void | Promise<void> {
    const n = bytes.length;
    const phase = this.#phases.now;
    if (this.#isStrict && phase === "handshake" && this.#link.isWaiting) {
      return this.#handshake.abandon(new PlaintextInjectionError(endsOf(this.inner), n));
    }
    if (phase === "over" || this.source.hasEnded) return;
    if (phase === "finishing" && !this.#shutdown.takes(n)) return;
    const fed = this.#link.feed(bytes);
    return fed === undefined ? this.source.taken() : fed.then(() => this.source.taken());
  }

  eofReceived(): boolean {
    if (this.#phases.now === "handshake") void this.#handshake.end(null);
    else if (!this.source.hasEnded) {
      // All that arrived was decrypted by now. If close_notify was in it, the engine tells within
      // this turn.
      const error = new TruncationError(endsOf(this.inner));
      void nextTurn().then(() => this.#endReading(error));
    }
    return true;
  }

  pauseWriting(): void {
    this.#link.setFull(true);
  }

  resumeWriting(): void {
    this.#link.setFull(false);
  }

  writingFailed(error: Error): void {
    this.#connection.onWriteError(error);
  }

  connectionLost(error: Error | null): void {
    this.#isLost = true;
    this.#lost = error;
    this.#link.setFull(false);
    this.#shutdown.endPeer();
    // The handshake was done: the protocol above is told of the connection and then of its loss.
    this.#start();
    const phase = this.#phases.now;
    if (phase === "handshake") void this.#handshake.end(error);
    else if (error === null && phase === "open") this.#top.abort();
    else if (phase === "open" && this.source.hasEnded) {
      // The peer has ended its direction, so that no read fails.
      void this.source.delivered().then(() => this.#top.abort(this.#loss));
    } else this.#endReading(phase === "open" ? this.#loss : null);
  }

  write(bytes: Uint8Array): number | Promise<number> {
    if (this.#isLost) throw this.#loss;
    const written = this.#secured?.write(bytes) ?? 0;
    const isDone = typeof written === "number" && !this.#link.isFull;
    return isDone ? written : this.#whenLeft(written);
  }

  closeWrite(): Promise<void> {
    return this.#writeEnded ??= this.#endWriting();
  }

  finish(): Promise<void> {
    this.#phases.advance("finish");
    this.source.drop();
    return this.#shutdown.run(this.#options.shutdownTimeout, () => this.closeWrite());
  }

  get canReset(): boolean {
    return canReset(this.inner);
  }

  close(outcome: CarrierOutcome): void {
    const { endedBy, error } = outcome;
    this.#phases.advance("stop");
    this.#shutdown.stop();
    this.source.drop();
    // A peer that still sends would lose the alert of the engine to a reset.
    if (error instanceof TlsProtocolError) {
      return void this.#link.leave(error, this.#options.shutdownTimeout);
    }
    if (endedBy === "abort" || error !== null) this.inner.abort(toAbort(outcome));
    this.#secured?.destroy();
    this.#link.duplex.release();
  }

  getExtraInfo(name: string): unknown {
    // A name that is not known has no value anywhere.
    return this.#facts.get(name) ?? this.inner.getExtraInfo(name as keyof ExtraInfo);
  }

  #open(socket: TLSSocket, verdict: Verdict): void {
    this.#facts = tlsFacts(socket, this.#options, verdict);
    this.#secured = new SecuredSocket(socket, this.#link.duplex, this.source, (error) => {
      this.#endReading(error === null ? null : protocolError(error, endsOf(this.inner)));
    });
    // The engine shows data from the next turn on: until then an error would drop it.
    this.#link.waitATurn();
    void this.#startInTime();
  }

  /** Lets our last message of the handshake leave: a protocol that aborts would take it back. */
  async #startInTime(): Promise<void> {
    while (await this.#link.hasUnsent()) continue;
    this.#start();
  }

  #start(): void {
    if (!this.#phases.advance("start")) return;
    slotOf(this.inner).put({ transport: this.#top, protocol: this });
    this.#connection.start();
  }

  async #whenLeft(written: number | Promise<number>): Promise<number> {
    const n = await written;
    await this.#link.room();
    if (this.#isLost) throw this.#loss;
    return n;
  }

  async #endWriting(): Promise<void> {
    await this.#secured?.end();
    await this.#link.endWriting();
    if (this.#isLost) throw this.#loss;
  }

  /** Made when it is asked for: most connections end in good order. */
  get #loss(): Error {
    return this.#lost ??= new ConnectionLostError();
  }

  #endReading(error: Error | null): void {
    this.#shutdown.endPeer();
    this.source.end(error);
  }
}
