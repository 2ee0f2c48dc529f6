/** Where layers that measure time get it from: the system's clock, or one that a test moves. */
export interface Clock {
  /** The time now, in milliseconds since any moment; it never goes back. */
  now(): number;
  /** Calls back once in so many milliseconds; what it returns prevents that. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The system's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
