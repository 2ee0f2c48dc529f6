import type { TLSSocket } from "node:tls";
import type { Transport } from "../../protocols/contract.ts";
import {
  HandshakeTimeoutError,
  type TlsFailure,
  TlsHandshakeError,
} from "../../protocols/errors.ts";
import { clockFor, nextTurn, startTimer } from "../core/clock.ts";
import { toError } from "../core/error_report.ts";
import type { CiphertextLink } from "./_ciphertext_link.ts";
import { endsOf, handshakeError } from "./_tls_errors.ts";
import type { TlsPhases } from "./_tls_phases.ts";
import type { Verdict } from "./certificates/session_trust.ts";
import { startHandshake } from "./engine/start_handshake.ts";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/** How many turns of the event loop the engine takes, at most, to tell of an error. */
const MAX_TURNS = 8;

/** The alerts of a server that has not answered a client's first message (RFC 8446, 6.2). */
const ALERTS: Partial<Record<TlsFailure, number>> = {
  protocol: 120,
  version: 70,
  cipher: 40,
  other: 80,
};

/** The outcome of a handshake: one of the two calls, once. */
interface TlsHandshakeEvents {
  /** It is complete. An exception refuses the peer. */
  onSecure(socket: TLSSocket, verdict: Verdict): void;
  /** It failed; the connection below is about to end. */
  onFailed(error: Error): void;
}

/**
 * The phase `handshake` of a TLS connection: its engine, its deadline and the ways in which it
 * fails.
 */
export class TlsHandshake {
  readonly #link: CiphertextLink;
  readonly #phases: TlsPhases;
  readonly #events: TlsHandshakeEvents;
  #stopTimer: () => void = () => {};
  #linger = 0;

  /** Begins with {@linkcode begin}. */
  constructor(link: CiphertextLink, phases: TlsPhases, events: TlsHandshakeEvents) {
    this.#link = link;
    this.#phases = phases;
    this.#events = events;
  }

  /** Begins over the transport below. */
  begin(inner: Transport, options: ResolvedTlsOptions): void {
    const { handshakeTimeout } = options;
    // A client whose certificate is refused may have sent data after it, for it takes the handshake
    // to be done: after a reset it would not learn why.
    this.#linger = options.serverSide ? options.shutdownTimeout : 0;
    this.#stopTimer = startTimer(
      handshakeTimeout,
      () => this.abandon(new HandshakeTimeoutError(endsOf(inner), handshakeTimeout)),
      clockFor(inner),
    );
    // Before it has run once, the engine throws at garbage where it should tell of it.
    this.#link.waitATurn();
    try {
      startHandshake(this.#link.duplex, options, {
        onSecure: (socket, verdict) => this.#complete(socket, verdict),
        onHandshakeError: (error, alert) => {
          const failure = handshakeError(error, inner);
          if (alert !== undefined) this.#link.refuse(alert);
          else if (options.serverSide) this.#explain(failure.reason);
          void this.#refuse(failure);
        },
      });
    } catch (thrown) {
      void this.#refuse(handshakeError(toError(thrown), inner));
    }
  }

  /** The connection below has ended, unless the engine tells more: what an alert said. */
  async end(error: Error | null): Promise<void> {
    for (let turns = 0; turns < MAX_TURNS; turns++) await nextTurn();
    const [reason, what] = ["ended", "the connection ended in the middle of it"] as const;
    const options = error === null ? {} : { cause: error };
    await this.#refuse(new TlsHandshakeError(reason, endsOf(this.#link.inner), what, options));
  }

  /** Ends the connection at once. */
  abandon(error: Error): void {
    if (!this.#stop()) return;
    this.#link.inner.abort(error);
    this.#link.duplex.release();
    this.#events.onFailed(error);
  }

  #complete(socket: TLSSocket, verdict: Verdict): void {
    if (this.#phases.now !== "handshake") return void socket.destroy();
    this.#events.onSecure(socket, verdict);
    this.#stopTimer();
    this.#link.endHandshake();
    this.#phases.advance("secure");
  }

  /** If it is a server with sniCallback, the engine tells the client nothing. */
  #explain(reason: TlsFailure): void {
    const alert = ALERTS[reason];
    if (alert !== undefined) this.#link.breakSilence(alert);
  }

  /** The engine's alert goes out, then the connection ends; that is told when nothing is open. */
  async #refuse(error: Error): Promise<void> {
    if (!this.#stop()) return;
    await this.#link.leave(error, this.#linger);
    this.#events.onFailed(error);
  }

  /** No connection comes about. Tells whether it was so. */
  #stop(): boolean {
    if (this.#phases.now !== "handshake") return false;
    this.#stopTimer();
    this.#phases.advance("stop");
    return true;
  }
}
