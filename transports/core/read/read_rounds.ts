import { eventLoop, type TurnSource } from "../../../protocols/waits/turn_budget.ts";
import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";

/** Reads are counted in steps of this many, which costs less. */
const STEP = 16;
/** From so many reads in a turn on, Deno may have left others for the next turn. */
const CROWDED = 80;
/** So many reads in crowded turns begin a rest: fewer would not be worth its cost. */
const MAX_READS = 256;
/** A turn with no more reads than this has none left over. */
const QUIET = 16;
/**
 * So many quiet turns one after the other end a rest. Deno looks for events of the system only
 * every 61st time while something is ready, as the turns of a rest are.
 */
const QUIET_TURNS = 64;

/**
 * Has many busy connections of `Deno.listen` and `Deno.connect` read in turn.
 *
 * Deno completes about 128 operations in a turn of its event loop, always those of the same sockets
 * first. If more connections are busy, these are served over and over, and the others wait for
 * seconds. So when several turns one after the other were that crowded, a rest begins: each
 * connection that was read waits before it reads again, until all others that have data were read
 * as well. Connections that are made during a rest do not prolong it: where new ones come all the
 * time, it would never end.
 */
export class ReadRounds {
  readonly #source: Pick<TurnSource, "afterThis">;
  readonly #waits = new WaitQueue();
  // Reads until the next step is counted.
  #left = STEP;
  #inTurn = 0;
  #inCrowdedTurns = 0;
  #quietTurns = 0;
  #isTurnWatched = false;
  #isResting = false;
  #rests = 0;

  /** Starts without reads; by default with the event loop of the program. */
  constructor(source: Pick<TurnSource, "afterThis"> = eventLoop) {
    this.#source = source;
  }

  /** How many rests have begun. */
  get rests(): number {
    return this.#rests;
  }

  /**
   * Counts a read.
   *
   * @param restsBefore How many {@linkcode rests} had begun when the connection was made.
   * @returns Whether to wait for {@linkcode untilNext} before the next one.
   */
  count(restsBefore: number): boolean {
    if (this.#isResting && restsBefore === this.#rests) return true;
    if (--this.#left <= 0) this.#countStep();
    return this.#isResting;
  }

  /** Resolves when all connections were read that have data. */
  untilNext(): Promise<void> {
    return this.#waits.wait();
  }

  #countStep(): void {
    this.#left = this.#isResting ? 1 : STEP;
    if (this.#isTurnWatched) this.#inTurn += this.#left;
    else this.#watchTurn();
  }

  #watchTurn(): void {
    this.#isTurnWatched = true;
    this.#source.afterThis(() => {
      this.#isTurnWatched = false;
      const reads = this.#inTurn;
      this.#inTurn = 0;
      if (this.#isResting) this.#endRestAfter(reads);
      else this.#beginRestAfter(reads);
      if (this.#isResting) this.#watchTurn();
    });
  }

  #beginRestAfter(reads: number): void {
    this.#inCrowdedTurns = reads < CROWDED ? 0 : this.#inCrowdedTurns + reads;
    if (this.#inCrowdedTurns < MAX_READS) return;
    this.#isResting = true;
    this.#rests++;
    this.#left = 1;
    this.#inCrowdedTurns = this.#quietTurns = 0;
  }

  #endRestAfter(reads: number): void {
    this.#quietTurns = reads > QUIET ? 0 : this.#quietTurns + 1;
    if (this.#quietTurns < QUIET_TURNS) return;
    this.#isResting = false;
    this.#left = STEP;
    this.#waits.release();
  }
}

/** The rounds of the whole program. */
export const readRounds: ReadRounds = new ReadRounds();
