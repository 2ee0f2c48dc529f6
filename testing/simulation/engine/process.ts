import type { OpenWait } from "./open_wait.ts";
import type { RandomSource } from "./random_source.ts";
import type { Scheduler } from "./scheduler.ts";

/** The events of a program. */
interface ProcessEvents {
  /** A callback of the program threw outside of any promise. */
  onError(error: unknown): void;
  /** A timer fired. */
  onTimer(delay: number): void;
}

/** Something that ends with its program. */
export interface Ending {
  /** Whether it is a timer and not an immediate. */
  readonly isTimer: boolean;
  /** Whether a program waits for it, as for a timer that was not unreferenced. */
  hasRef(): boolean;
  /** Ends it without telling the program. */
  end(): void;
}

/** The program of a host, from its start to its end or a crash. */
export class Process {
  /** The name of the host. */
  readonly host: string;
  /** The time of the world. */
  readonly scheduler: Scheduler;
  /** The source of its random numbers. */
  readonly random: RandomSource;
  /** The waits of the library that its functions are in. */
  readonly waits: Set<OpenWait> = new Set();
  readonly #wallOffset: () => number;
  readonly #events: ProcessEvents;
  readonly #endings = new Set<Ending>();
  #isAlive = true;

  /** `wallOffset`: what its `Date` is ahead of virtual time. */
  constructor(
    host: string,
    scheduler: Scheduler,
    random: RandomSource,
    wallOffset: () => number,
    events: ProcessEvents,
  ) {
    this.host = host;
    this.scheduler = scheduler;
    this.random = random;
    this.#wallOffset = wallOffset;
    this.#events = events;
  }

  /** Whether it runs. Nothing that a program does after its end has an effect. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The value of `Date.now()`, before it is rounded. */
  get wallTime(): number {
    return this.scheduler.now + this.#wallOffset();
  }

  /** How many timers are set that keep a program going. Immediates are over in a turn. */
  get timers(): number {
    return [...this.#endings].filter((one) => one.isTimer && one.hasRef()).length;
  }

  /** Has something end with it. */
  add(ending: Ending): void {
    this.#endings.add(ending);
  }

  /** That has ended by itself. */
  remove(ending: Ending): void {
    this.#endings.delete(ending);
  }

  /** Calls a callback of the program; what it throws fails the run. */
  call(callback: () => void): void {
    if (!this.#isAlive) return;
    try {
      callback();
    } catch (error) {
      this.#events.onError(error);
    }
  }

  /** A timer fired. */
  tellTimer(delay: number): void {
    this.#events.onTimer(delay);
  }

  /** Ends it. */
  end(): void {
    this.#isAlive = false;
    for (const ending of this.#endings) ending.end();
    this.#endings.clear();
    this.waits.clear();
  }
}
