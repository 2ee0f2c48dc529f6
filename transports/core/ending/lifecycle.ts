import { InvalidStateError } from "../../../protocols/errors.ts";

/**
 * Where a connection is in its life.
 *
 * - `fresh`: the protocol has not been told.
 * - `open`: bytes go both ways.
 * - `readEnded`: the peer ended its direction and the protocol keeps ours.
 * - `writeEnded`: we ended our direction, the peer may go on.
 * - `ended`: both directions ended, not closed yet.
 * - `closing`: no more is read; queued bytes are being sent.
 * - `finishing`: they are sent; the carrier ends in good order.
 * - `lost`: the outcome is decided; `connectionLost` is about to be called.
 * - `closed`: `connectionLost` was called and everything is released.
 */
export type LifecycleState =
  | "fresh"
  | "open"
  | "readEnded"
  | "writeEnded"
  | "ended"
  | "closing"
  | "finishing"
  | "lost"
  | "closed";

/** An event that moves a connection from one {@linkcode LifecycleState} to the next. */
export type LifecycleEvent =
  | "made"
  | "peerEof"
  | "writeEof"
  | "close"
  | "finish"
  | "lose"
  | "release";

/**
 * The whole life of a connection: the state that each event leads to. Other events cannot happen.
 */
const TRANSITIONS: Record<LifecycleState, Partial<Record<LifecycleEvent, LifecycleState>>> = {
  fresh: { made: "open" },
  open: { peerEof: "readEnded", writeEof: "writeEnded", close: "closing", lose: "lost" },
  readEnded: { writeEof: "ended", close: "closing", lose: "lost" },
  writeEnded: { peerEof: "ended", close: "closing", lose: "lost" },
  ended: { close: "closing", lose: "lost" },
  closing: { finish: "finishing", lose: "lost" },
  finishing: { lose: "lost" },
  lost: { release: "closed" },
  closed: {},
};

/** The one place that holds and changes the state of a connection. */
export class Lifecycle {
  #state: LifecycleState = "fresh";

  /** The state now. */
  get state(): LifecycleState {
    return this.#state;
  }

  /** Whether `close()` or the loss of the connection has been decided. */
  get isClosing(): boolean {
    const state = this.#state;
    return state === "closing" || state === "finishing" || state === "lost" || state === "closed";
  }

  /** Whether the peer has ended its direction, and ours is not being closed. */
  get isReadEnded(): boolean {
    return this.#state === "readEnded" || this.#state === "ended";
  }

  /** Whether an event has a meaning in this state. */
  allows(event: LifecycleEvent): boolean {
    return TRANSITIONS[this.#state][event] !== undefined;
  }

  /**
   * Moves on.
   *
   * @throws {InvalidStateError} If the table does not hold the event for this state.
   */
  advance(event: LifecycleEvent): void {
    const next = TRANSITIONS[this.#state][event];
    if (next === undefined) {
      throw new InvalidStateError(`Cannot handle "${event}": the connection is ${this.#state}`);
    }
    this.#state = next;
  }
}
