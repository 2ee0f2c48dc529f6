/**
 * Signals to the program of a world: real ones would reach all tests of the process.
 *
 * @module
 */

type Listener = () => void;

/** Takes the place of Deno's listeners for signals until it is disposed of. */
export class SimulatedSignals implements Disposable {
  readonly #listeners = new Map<Deno.Signal, Set<Listener>>();
  readonly #real = [Deno.addSignalListener, Deno.removeSignalListener] as const;

  /** Listens from now on. */
  constructor() {
    Deno.addSignalListener = (signal, listener) => void this.#of(signal).add(listener);
    Deno.removeSignalListener = (signal, listener) => void this.#of(signal).delete(listener);
  }

  /** How many listeners there are. */
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The signal comes. */
  send(signal: Deno.Signal): void {
    for (const listener of this.#of(signal)) listener();
  }

  [Symbol.dispose](): void {
    [Deno.addSignalListener, Deno.removeSignalListener] = this.#real;
  }

  #of(signal: Deno.Signal): Set<Listener> {
    const listeners = this.#listeners.get(signal) ?? new Set();
    this.#listeners.set(signal, listeners);
    return listeners;
  }
}
