/** The first event in which two runs of one seed differ. */
export interface Divergence {
  /** The number of the event, from 0. */
  readonly event: number;
  /** The virtual time of the first run there, in milliseconds. */
  readonly virtualTime: number;
  /** The host that it happened in; `null` for a fault, or if the runs differ in their ends only. */
  readonly host: string | null;
  /** The event in the first run; `null` if that was over. */
  readonly first: string | null;
  /** The event in the second run; `null` if that was over. */
  readonly second: string | null;
  /** Both, with the events around them, in lines. */
  readonly excerpt: string;
}

/**
 * Two runs of one seed did not go alike, so a failure could not be repeated by its seed. The
 * message shows the first event that differs, and its neighbours.
 */
export class NondeterminismError extends Error {
  /** The name of the class. */
  override name: string = "NondeterminismError";
  /** The seed. */
  readonly seed: number;
  /** Where the runs differ. */
  readonly divergence: Divergence;

  /**
   * Creates the error with its message.
   *
   * @param seed The seed.
   * @param divergence Where the runs differ.
   * @param replay The command that makes both runs again; `null` if it cannot be known.
   * @param cause The failure of one of the runs, if one failed.
   */
  constructor(seed: number, divergence: Divergence, replay: string | null, cause?: unknown) {
    const { event, virtualTime, host, excerpt } = divergence;
    const place = host === null ? "" : `, in host "${host}"`;
    super(
      `Cannot repeat run with seed ${seed}: two runs differ from event ${event} on, at ` +
        `${Number(virtualTime.toFixed(3))} ms${place}\n\n${excerpt}\n\n` +
        "  Look there for state that is left from an earlier run, for work that is not given to\n" +
        "  world.outside(), and for clocks and random numbers that a world does not replace.\n" +
        (replay === null ? "" : `\n  Repeat it:\n    ${replay}\n`),
      { cause },
    );
    this.seed = seed;
    this.divergence = divergence;
  }
}
