import type { Transport } from "../../protocols/contract.ts";
import { type Clock, startTimer, systemClock } from "../core/clock.ts";
import { SendProgress } from "./_send_progress.ts";

/** If it is not sure that nothing happens, this part of the timeout passes before another look. */
const AGAIN = 1 / 4;

/**
 * Calls back after a time in which nothing happened. To touch it costs a clock reading, not a
 * timer.
 */
export class IdleTimer {
  #timeoutMs: number;
  readonly #onIdle: () => void;
  readonly #clock: Clock;
  readonly #progress: readonly SendProgress[];
  readonly #isExcused: () => boolean;
  #touchedAt: number;
  #cancel: () => void;
  #isStopped = false;

  /**
   * Starts the time.
   *
   * @param transports Whose bytes may leave long after they were written: that counts as well. To
   * be sure of what the system does, up to a quarter more of the time may pass.
   * @param isExcused Whether it is no wonder now that nothing happens: the time starts anew.
   */
  constructor(
    timeoutMs: number,
    onIdle: () => void,
    clock: Clock = systemClock,
    transports: readonly Transport[] = [],
    isExcused: () => boolean = () => false,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
    this.#clock = clock;
    this.#isExcused = isExcused;
    this.#progress = transports.map((one) => new SendProgress(one, () => this.touch()));
    this.#touchedAt = clock.now();
    this.#cancel = startTimer(timeoutMs, () => this.#look(), clock);
  }

  /** How long nothing may happen, in milliseconds. */
  get timeout(): number {
    return this.#timeoutMs;
  }

  /** Another time, which starts anew. */
  set timeout(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.touch();
    if (this.#isStopped) return;
    this.#cancel();
    this.#lookIn(timeoutMs);
  }

  /** Something happened: the time starts anew. */
  touch(): void {
    this.#touchedAt = this.#clock.now();
  }

  /** Calls back no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    for (const one of this.#progress) one.stop();
  }

  #look(): void {
    if (this.#isExcused()) this.touch();
    if (this.#left > 0) return this.#lookIn(this.#left);
    const answers = this.#progress.map((one) => one.ask()).filter((answer) => answer !== null);
    if (answers.length === 0) return this.#onIdle();
    void Promise.all(answers).then((moved) => this.#decide(moved));
  }

  /** Lets the system's own counts decide, unless something has happened meanwhile. */
  #decide(moved: readonly (boolean | "unsure")[]): void {
    if (this.#isStopped) return;
    if (moved.includes(true)) this.touch();
    if (this.#left > 0) this.#lookIn(this.#left);
    else if (moved.includes("unsure")) this.#lookIn(this.#timeoutMs * AGAIN);
    else this.#onIdle();
  }

  #lookIn(milliseconds: number): void {
    this.#cancel = startTimer(milliseconds, () => this.#look(), this.#clock);
  }

  get #left(): number {
    return this.#touchedAt + this.#timeoutMs - this.#clock.now();
  }
}
