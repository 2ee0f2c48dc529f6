import { abortable, onAbort } from "../../protocols/waits/wait_signal.ts";
import { startTimer } from "../core/clock.ts";
import { toError } from "../core/error_report.ts";
import { familyOf } from "../core/ip_address.ts";
import type { DialOptions } from "./network.ts";

/** The default of `happyEyeballsDelay`, in milliseconds: that of RFC 8305. */
export const HAPPY_EYEBALLS_DELAY = 250;

/** Connects to one address; nothing stays open when the signal aborts. */
type Dial<C> = (address: string, signal: AbortSignal) => Promise<C>;

/**
 * Connects to the first address of a host that answers (RFC 8305): one after the other, the next
 * one when one fails or has had its time.
 *
 * @param addresses The addresses, at least one. IPv4 and IPv6 take turns.
 * @param dial Connects to one of them.
 * @param options How.
 * @returns The connection. Others that come about as well are closed.
 * @throws {AggregateError} If all fail: with the error of each, in the order of the attempts.
 */
export function connectToAny<C extends { close(outcome: Abandoned): void }>(
  addresses: readonly string[],
  dial: Dial<C>,
  options: RaceOptions,
): Promise<C> {
  return new Race(inTurns(addresses), dial, options).run();
}

/**
 * {@linkcode connectToAny} for one host, whose failure is that of the last address.
 *
 * @param hostname The host.
 * @param found Its addresses, once they are looked up.
 * @param dial Connects to one of them.
 * @param options How.
 * @throws The error of the look-up, or of the last address if all fail.
 */
export async function connectToHost<C extends { close(outcome: Abandoned): void }>(
  hostname: string,
  found: Promise<readonly string[]>,
  dial: Dial<C>,
  { signal, happyEyeballsDelay: delayMs = HAPPY_EYEBALLS_DELAY }: DialOptions,
): Promise<C> {
  const addresses = await abortable(found, signal);
  const failure = `no address of ${hostname} can be reached`;
  try {
    return await connectToAny(addresses, dial, { failure, delayMs, signal });
  } catch (error) {
    throw error instanceof AggregateError ? error.errors.at(-1) : error;
  }
}

/** Options for {@linkcode connectToAny}. */
interface RaceOptions {
  /** The text of the error if all fail. */
  readonly failure: string;
  /** How many milliseconds one is tried before the next one is tried beside it. */
  readonly delayMs: number;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
}

/** How a connection that came too late is closed. */
interface Abandoned {
  readonly endedBy: "abort";
  readonly error: null;
}

class Race<C extends { close(outcome: Abandoned): void }> {
  readonly #addresses: readonly string[];
  readonly #dial: Dial<C>;
  readonly #options: RaceOptions;
  /** Of the attempts that are under way. */
  readonly #attempts = new Set<AbortController>();
  readonly #outcome = Promise.withResolvers<C>();
  readonly #errors: Error[] = [];
  #isOver = false;
  #begun = 0;
  #failed = 0;
  #stopTimer: () => void = () => {};

  constructor(addresses: readonly string[], dial: Dial<C>, options: RaceOptions) {
    this.#addresses = addresses;
    this.#dial = dial;
    this.#options = options;
  }

  async run(): Promise<C> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const stop = onAbort(signal, () => this.#outcome.reject(signal.reason));
    this.#next();
    try {
      return await this.#outcome.promise;
    } finally {
      stop();
      this.#end(signal.reason);
    }
  }

  #next(): void {
    this.#stopTimer();
    const index = this.#begun;
    const address = this.#addresses[index];
    if (address === undefined || this.#isOver) return;
    this.#begun++;
    this.#stopTimer = startTimer(this.#options.delayMs, () => this.#next());
    void this.#attempt(address, index);
  }

  async #attempt(address: string, index: number): Promise<void> {
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      const connection = await this.#dial(address, attempt.signal);
      if (this.#isOver) return connection.close({ endedBy: "abort", error: null });
      // The signal of this one does not abort any more.
      this.#attempts.delete(attempt);
      this.#outcome.resolve(connection);
      this.#end(new DOMException("Another address was connected to", "AbortError"));
    } catch (error) {
      this.#attempts.delete(attempt);
      this.#errors[index] = toError(error);
      const isLast = ++this.#failed === this.#addresses.length;
      if (isLast) this.#outcome.reject(new AggregateError(this.#errors, this.#options.failure));
      else this.#next();
    }
  }

  /** Gives up the attempts that are under way. */
  #end(reason: unknown): void {
    this.#isOver = true;
    this.#stopTimer();
    for (const attempt of this.#attempts) attempt.abort(reason);
    this.#attempts.clear();
  }
}

/** The addresses, with a change of the family after each as long as there are both. */
function inTurns(addresses: readonly string[]): readonly string[] {
  const first = addresses.filter((one) => familyOf(one) === familyOf(addresses[0] ?? ""));
  const second = addresses.filter((one) => !first.includes(one));
  return first.flatMap((one, index) => [one, ...second.slice(index, index + 1)])
    .concat(second.slice(first.length));
}
