/**
 * How far a TLS connection over another transport has come.
 *
 * - `handshake`: the protocol above knows of no connection yet.
 * - `secured`: the handshake is done; our last message of it is still to leave.
 * - `open`: the protocol above was told, and bytes go both ways.
 * - `finishing`: we have nothing more to send; the peer gets time to end its direction too.
 * - `over`: the outcome is known, and everything is released.
 */
type TlsPhase = "handshake" | "secured" | "open" | "finishing" | "over";

/** An event that moves a connection from one {@linkcode TlsPhase} to the next. */
type TlsEvent = "secure" | "start" | "finish" | "stop";

/**
 * The whole life of a TLS connection: the phase that each event leads to. An event that is not
 * listed has no effect.
 *
 * ```text
 *              secure            start          finish
 *   handshake ----------> secured -----> open ----------> finishing
 *       |                    |             |                  |
 *       | stop               | stop        | stop             | stop
 *       +--------------------+-------------+------------------+-----> over
 * ```
 *
 * The end of the peer's direction is not an event: it may come in each phase, and the source of the
 * decrypted bytes holds it.
 */
const TRANSITIONS: Record<TlsPhase, Partial<Record<TlsEvent, TlsPhase>>> = {
  handshake: { secure: "secured", stop: "over" },
  secured: { start: "open", stop: "over" },
  open: { finish: "finishing", stop: "over" },
  finishing: { stop: "over" },
  over: {},
};

/** The one place that holds and changes the phase of a TLS connection. */
export class TlsPhases {
  #phase: TlsPhase = "handshake";

  /** The phase now. */
  get now(): TlsPhase {
    return this.#phase;
  }

  /** Moves on, if the event has an effect in this phase. Tells whether it has. */
  advance(event: TlsEvent): boolean {
    const next = TRANSITIONS[this.#phase][event];
    if (next !== undefined) this.#phase = next;
    return next !== undefined;
  }
}
