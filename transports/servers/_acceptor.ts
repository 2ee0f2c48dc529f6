import { Pause } from "../core/clock.ts";
import { turnBudget } from "../../protocols/turn_budget.ts";
import { toError } from "../core/error_report.ts";

/**
 * After an accept that failed, the next one waits this many milliseconds, doubling up to the
 * longest.
 */
const FIRST_RETRY_MS = 10;
/** The longest wait between two accepts that fail, in milliseconds: asyncio's. */
const LONGEST_RETRY_MS = 1000;

/** What accepts connections: a `Deno.Listener`, or a stand-in for one. */
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
  /** Accepting fails; told once until it works again. */
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
    let failures = 0;
    while (!this.#isStopped) {
      try {
        await this.#events.room();
        const conn = await this.#listener.accept();
        failures = 0;
        // The room may have gone to another listener of the same server meanwhile.
        for (let room = this.#events.room(); room; room = this.#events.room()) await room;
        this.#events.onAccept(conn);
        if (turnBudget.spend()) await turnBudget.untilRenewed();
      } catch (error) {
        if (this.#isStopped) return;
        if (!isConnectionTrouble(error)) await this.#backOff(toError(error), failures++);
      }
    }
  }

  async #backOff(error: Error, failures: number): Promise<void> {
    if (failures === 0) this.#events.onAcceptError(error);
    const pause = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
    await this.#pause.wait(pause);
  }
}

/** A peer that was gone before it was accepted: its own trouble, not the listener's. */
function isConnectionTrouble(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.Interrupted;
}
