import { Pause, systemClock } from "../core/clock.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { toError } from "../core/error_report.ts";

/**
 * After an accept that failed, the next one waits this many milliseconds, doubling up to the
 * longest.
 */
const FIRST_RETRY_MS = 10;
/** The longest wait between two accepts that fail, in milliseconds: asyncio's. */
const LONGEST_RETRY_MS = 1000;
/** How long a failure lasts before it is told again, in milliseconds. */
const REPORT_EVERY_MS = 60_000;
/**
 * How many peers may be gone in a row before each further one costs a pause. The pause does not
 * grow: peers that leave early on purpose must not keep the others waiting.
 */
const MAX_TROUBLES = 64;

/** The source of connections: a `Deno.Listener`, or an object that acts as one. */
export interface Listener<C> {
  /** Resolves to the next connection. */
  accept(): Promise<C>;
  /** Stops listening; a pending accept rejects. */
  close(): void;
}

/** The events and questions of an acceptor. */
interface AcceptorEvents<C> {
  /** Whether a connection may be taken now, or when. */
  room(): void | Promise<void>;
  /** A connection came, perhaps just when the acceptor was stopped. Must not throw. */
  onAccept(conn: C): void;
  /** Accepting fails; told once a minute until it works again. */
  onAcceptError(error: Error): void;
}

/**
 * The accept loop of one listener. Nothing but {@linkcode stop} ends it: a connection that broke
 * before it was taken is passed over, and while the system is out of descriptors or memory it tries
 * again with growing pauses.
 */
export class Acceptor<C> {
  readonly #listener: Listener<C>;
  readonly #events: AcceptorEvents<C>;
  readonly #pause = new Pause();
  #isStopped = false;
  // In a row: accepts that failed, and peers that were gone.
  #failures = 0;
  #troubles = 0;
  #reportedAt = -Infinity;

  /** Takes over the listener. Begins with {@linkcode run}. */
  constructor(listener: Listener<C>, events: AcceptorEvents<C>) {
    this.#listener = listener;
    this.#events = events;
  }

  /** Stops listening. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#pause.end();
    this.#listener.close();
  }

  /** Accepts until stopped. Never rejects. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#events.room();
        const conn = await this.#listener.accept();
        this.#troubles = this.#failures = 0;
        this.#reportedAt = -Infinity;
        // The room may have gone to another listener of the same server meanwhile.
        for (let room = this.#events.room(); room; room = this.#events.room()) await room;
        this.#events.onAccept(conn);
      } catch (error) {
        if (this.#isStopped) return;
        await this.#recover(toError(error));
      }
      if (turnBudget.spend()) await turnBudget.untilRenewed();
    }
  }

  async #recover(error: Error): Promise<void> {
    const isTrouble = isConnectionTrouble(error);
    if (isTrouble && this.#troubles++ < MAX_TROUBLES) return;
    this.#report(error);
    const pause = isTrouble ? FIRST_RETRY_MS : FIRST_RETRY_MS * 2 ** this.#failures++;
    await this.#pause.wait(Math.min(pause, LONGEST_RETRY_MS));
  }

  #report(error: Error): void {
    const now = systemClock.now();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#events.onAcceptError(error);
  }
}

/** A peer that was gone before it was accepted: its own trouble, not the listener's. */
function isConnectionTrouble(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.Interrupted;
}
