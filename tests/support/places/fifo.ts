/** How many are made at a time: each new process costs as much as all of them. */
const BATCH = 50;

/** Those that are made and not given to a test yet. */
const stock: string[] = [];

function makeBatch(): void {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-" });
  const paths = Array.from({ length: BATCH }, (_, i) => `${folder}/fifo${i}`);
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const { success } = new Deno.Command("mkfifo", { args: paths }).outputSync();
  if (!success) throw new Error("Cannot make FIFOs");
  stock.push(...paths);
}

/** A FIFO, which is removed at the end of a scope. */
export class Fifo implements Disposable {
  /** Where it is. */
  readonly path: string;

  /** Makes one. */
  constructor() {
    if (stock.length === 0) makeBatch();
    this.path = stock.pop() ?? "";
  }

  /** Removes it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
  }
}
