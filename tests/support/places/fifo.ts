/** A FIFO in a folder of its own, which is removed at the end of a scope. */
export class Fifo implements Disposable {
  /** Where it is. */
  readonly path: string;
  readonly #folder: string;

  /** Makes one. */
  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "sluice-" });
    this.path = `${this.#folder}/fifo`;
    const { success } = new Deno.Command("mkfifo", { args: [this.path] }).outputSync();
    if (!success) throw new Error("Cannot make a FIFO");
  }

  /** Removes it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
