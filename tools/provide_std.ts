/**
 * Makes `@std/*` importable on this machine, before any task runs.
 *
 * deno.json says `"vendor": true`, so Deno looks for packages of JSR in `vendor/jsr.io/` first and
 * keeps there what it loads. Where JSR answers, this fills that folder with the real packages.
 * Where it does not, and they are in no cache either, it puts the stand-ins of `tools/stand_ins/`
 * there, until a later run finds JSR again. A line in `vendor/std_source` says what is in place, so
 * that a tree with the real packages never asks the network again. A network that swallows packets
 * costs {@linkcode PROBE_LIMIT_MS} a run.
 *
 * Run as a program by the task `std`, on which the others depend. If the environment names another
 * registry in `JSR_URL`, that one serves `@std/*`, and nothing is done here.
 *
 * @module
 */

/**
 * How long JSR may take to answer, in milliseconds: a slow answer beats stand-ins, a hang does not.
 */
const PROBE_LIMIT_MS = 3000;

/** How long the packages may take to load, in milliseconds. They weigh about 500 KB. */
const LOAD_LIMIT_MS = 60_000;

/** The target of `@std/*`: the packages of JSR, or the stand-ins. */
export type StdSource = "jsr" | "stand-ins";

/** Options for {@linkcode provideStd}; the parts that touch the network can be replaced. */
export interface ProvideStdOptions {
  /** The folder with deno.json, `tools/` and `vendor/`, as a URL that ends with a slash. */
  root: URL;
  /**
   * Where JSR is.
   *
   * @default {new URL("https://jsr.io/")}
   */
  registry?: URL;
  /**
   * The longest wait for an answer of the registry, in milliseconds.
   *
   * @default {3000}
   */
  probeLimit?: number;
  /**
   * Loads packages into `vendor/` (from Deno's cache alone, if so told) and tells whether all came.
   *
   * @default {loadPackages}
   */
  load?: (root: URL, specifiers: string[], cachedOnly: boolean) => Promise<boolean>;
}

/**
 * Puts the packages of JSR in place, or the stand-ins where JSR does not answer.
 *
 * @param options Which tree, and what to use for the network
 * @returns What is in place now, and whether that is new
 */
export async function provideStd(
  options: ProvideStdOptions,
): Promise<{ source: StdSource; changed: boolean }> {
  const { root, registry = new URL("https://jsr.io/"), probeLimit = PROBE_LIMIT_MS } = options;
  const load = options.load ?? loadPackages;
  const specifiers = await readSpecifiers(root);
  const standIns = new URL("tools/stand_ins/@std/", root);
  const packages = new URL("vendor/jsr.io/@std/", root);
  const note = new URL("vendor/std_source", root);
  const real = `jsr ${specifiers.join(" ")}`;
  const substitute = `stand-ins ${await digest(standIns)}`;

  const read = async (): Promise<string> => (await readIfPresent(note)).trimEnd();
  if (await read() === real) return { source: "jsr", changed: false };
  const reachable = await answers(registry, probeLimit);

  using _turn = await takeTurn(new URL("vendor/std_lock", root));
  const before = await read();
  if (before === real) return { source: "jsr", changed: false };
  if (before === substitute && !reachable) return { source: "stand-ins", changed: false };
  // From here to the next note, a run that is cut off leaves nothing that another would trust.
  await removeIfPresent(note);
  if (before.startsWith("stand-ins")) await removeIfPresent(packages);
  if (await load(root, specifiers, !reachable)) {
    await write(note, `${real}\n`);
    return { source: "jsr", changed: true };
  }
  await removeIfPresent(packages);
  for (const file of await listFiles(standIns)) {
    await write(
      new URL(file.href.slice(standIns.href.length), packages),
      await readIfPresent(file),
    );
  }
  await write(note, `${substitute}\n`);
  return { source: "stand-ins", changed: true };
}

/** Waits for the other runs, in this tree, that are about to put packages in place. */
async function takeTurn(file: URL): Promise<Disposable> {
  await Deno.mkdir(new URL(".", file), { recursive: true });
  const handle = await Deno.open(file, { create: true, write: true });
  await handle.lock(true);
  return handle;
}

/** The imports of deno.json that the stand-ins stand in for. */
async function readSpecifiers(root: URL): Promise<string[]> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const targets: string[] = Object.values(config.imports ?? {});
  return targets.filter((target) => target.startsWith("jsr:@std/"));
}

/** Whether the registry serves packages: a portal that answers everything with a page does not. */
async function answers(registry: URL, limit: number): Promise<boolean> {
  try {
    const response = await fetch(new URL("@std/assert/meta.json", registry), {
      signal: AbortSignal.timeout(limit),
    });
    return (await response.json()).name === "assert";
  } catch {
    return false;
  }
}

async function loadPackages(
  root: URL,
  specifiers: string[],
  cachedOnly: boolean,
): Promise<boolean> {
  const imports = specifiers.map((specifier) => `import ${JSON.stringify(specifier)};`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--check", ...(cachedOnly ? ["--cached-only"] : []), imports.join("\n")],
    cwd: root,
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(LOAD_LIMIT_MS),
  }).output();
  return success;
}

/** A number for the content of a folder, to see when it has changed. */
async function digest(folder: URL): Promise<string> {
  const texts: string[] = [];
  for (const file of await listFiles(folder)) {
    texts.push(file.href.slice(folder.href.length), await Deno.readTextFile(file));
  }
  const bytes = new TextEncoder().encode(texts.join("\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function listFiles(folder: URL): Promise<URL[]> {
  const files: URL[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) files.push(...await listFiles(new URL(`${entry.name}/`, folder)));
    else files.push(new URL(entry.name, folder));
  }
  return files.sort((a, b) => a.href < b.href ? -1 : 1);
}

async function write(file: URL, text: string): Promise<void> {
  await Deno.mkdir(new URL(".", file), { recursive: true });
  await Deno.writeTextFile(file, text);
}

async function readIfPresent(file: URL): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function removeIfPresent(folder: URL): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main && Deno.env.get("JSR_URL") === undefined) {
  const { source, changed } = await provideStd({ root: new URL("../", import.meta.url) });
  if (changed) {
    console.error(
      source === "jsr"
        ? "@std/* comes from JSR."
        : "JSR cannot be reached: the stand-ins of tools/stand_ins/ serve as @std/*.",
    );
  }
}
