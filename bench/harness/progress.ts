/** Tells how far a run is, on standard error. */

const LINE_EVERY_MS = 10_000; // where standard error is a file, a line now and then is enough

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

/** The progress of one run. */
export class Progress {
  readonly #began = performance.now();
  readonly #encoder = new TextEncoder();
  readonly #terminal = Deno.stderr.isTerminal();
  #shownAt = -Infinity;

  /**
   * Shows one step: on a terminal in place, else as a line every ten seconds.
   *
   * @param done Steps behind us.
   * @param total Steps in all.
   * @param text What comes next.
   */
  show(done: number, total: number, text: string): void {
    const now = performance.now();
    const last = done === total;
    if (!this.#terminal && !last && now - this.#shownAt < LINE_EVERY_MS) return;
    this.#shownAt = now;
    const left = done === 0 || last
      ? ""
      : `, ${duration((now - this.#began) / done * (total - done))} left`;
    const line = `[${done}/${total}${left}] ${text}`;
    // Erases what stood there, so that a shorter line leaves nothing behind.
    const framed = this.#terminal ? `\r\x1b[K${line}${last ? "\n" : ""}` : `${line}\n`;
    Deno.stderr.writeSync(this.#encoder.encode(framed));
  }
}
