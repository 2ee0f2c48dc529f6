/**
 * Checks who imports whom, type imports included: `deno run -A tools/check_imports.ts`.
 *
 * ```text
 * protocols  <-  transports  <-  streams  <-  mod.ts     node, testing may import all three folders
 * ```
 *
 * - `protocols/` imports nothing outside itself, neither a folder nor a package.
 * - No published file imports what is not published.
 * - No files import each other in a cycle, published or not.
 * - They import the file that has the name, not a `mod.ts`: barrels are for users. So does `mod.ts`
 *   itself, so that it loads no more than it names.
 * - Only `transports/`, `node/` and `testing/` import `node:` modules.
 * - Inside `transports/` the folders form levels, see {@linkcode LEVELS}: a file imports from its
 *   own folder and from lower levels.
 * - A file whose name starts with `_` is imported from its own folder only, and from `tests/`.
 *
 * The graph comes from `deno info --json`, so imports by the published name count like others.
 *
 * @module
 */

/** The parts, and modules of others, that each published part may import. */
const MAY_IMPORT: Record<string, { parts: string[]; schemes: string[] }> = {
  "protocols": { parts: ["protocols"], schemes: [] },
  "transports": { parts: ["protocols", "transports"], schemes: ["jsr:", "npm:", "node:"] },
  "streams": { parts: ["protocols", "transports", "streams"], schemes: ["jsr:", "npm:"] },
  "node": {
    parts: ["protocols", "transports", "streams", "node"],
    schemes: ["jsr:", "npm:", "node:"],
  },
  "testing": {
    parts: ["protocols", "transports", "streams", "testing"],
    schemes: ["jsr:", "npm:", "node:"],
  },
  "mod.ts": { parts: ["protocols", "transports", "streams"], schemes: [] },
};

/**
 * The folders of `transports/`, from the lowest level up. The files of `transports/` itself are
 * above all.
 */
const LEVELS: readonly (readonly string[])[] = [
  ["core"],
  ["stack"],
  ["servers", "carriers", "layers"],
  ["tls", "datagrams", "processes"],
  ["networks"],
];

/** The folders whose files are looked at, beside the published parts. */
const OTHER_FOLDERS = ["examples", "bench", "tests", "tools"];

/** One import: `from` in line `line` imports `to`, which is a path of the project or a URL. */
interface Import {
  from: string;
  to: string;
  line: number;
}

/** The part of the output of `deno info --json` that is used here. */
interface ModuleGraph {
  modules: { specifier: string; error?: string; dependencies?: Dependency[] }[];
}

interface Dependency {
  specifier: string;
  code?: Resolution;
  type?: Resolution;
}

interface Resolution {
  specifier?: string;
  error?: string;
  span: { start: { line: number } };
}

/**
 * Checks the imports of a project.
 *
 * @param root The folder with deno.json, as a URL that ends with a slash
 * @returns One line for each import or cycle that must not be, sorted
 */
export async function checkImports(root: URL): Promise<string[]> {
  const graph = await readGraph(root, await listSources(root));
  const unreadable = graph.modules
    .filter((module) => module.error !== undefined && module.specifier.startsWith(root.href))
    .map((module) => `${module.specifier.slice(root.href.length)}: ${module.error}`);
  const imports = graph.modules.flatMap((module) => importsOf(module, root));
  const faults = imports.flatMap((one) => {
    const fault = faultOf(one);
    return fault === undefined ? [] : [`${one.from}:${one.line} ${fault}`];
  });
  return [...unreadable, ...faults, ...findCycles(imports)].sort();
}

async function listSources(root: URL): Promise<URL[]> {
  const files: URL[] = [];
  for (const name of [...Object.keys(MAY_IMPORT), ...OTHER_FOLDERS]) {
    const entry = new URL(name, root);
    try {
      if ((await Deno.stat(entry)).isFile) files.push(entry);
      else files.push(...await listModules(new URL(`${name}/`, root)));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return files;
}

async function listModules(folder: URL): Promise<URL[]> {
  const files: URL[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) files.push(...await listModules(new URL(`${entry.name}/`, folder)));
    else if (/\.[mc]?tsx?$/.test(entry.name)) files.push(new URL(entry.name, folder));
  }
  return files;
}

/** Asks Deno for the graph of a module, outside the project, that imports all the files. */
async function readGraph(root: URL, files: URL[]): Promise<ModuleGraph> {
  const everything = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(everything, files.map((file) => `import "${file.href}";`).join("\n"));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", "deno.json", everything],
      cwd: root,
    }).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`Cannot read the module graph: ${decoder.decode(stderr)}`);
    return JSON.parse(decoder.decode(stdout));
  } finally {
    await Deno.remove(everything);
  }
}

function importsOf(module: ModuleGraph["modules"][number], root: URL): Import[] {
  if (!module.specifier.startsWith(root.href)) return [];
  const from = module.specifier.slice(root.href.length);
  return (module.dependencies ?? []).flatMap((dependency) => {
    const resolution = dependency.code ?? dependency.type;
    if (!resolution) return [];
    const target = resolution.specifier ?? dependency.specifier;
    const to = target.startsWith(root.href) ? target.slice(root.href.length) : target;
    return [{ from, to, line: resolution.span.start.line + 1 }];
  });
}

/** Says what is wrong with an import, if something is. */
function faultOf({ from, to }: Import): string | undefined {
  const scheme = to.match(/^[a-z]+:/)?.[0];
  const rule = MAY_IMPORT[partOf(from)];
  // Internal to a folder is what only it and the folders inside it use.
  const isInside = folderOf(from).startsWith(folderOf(to));
  if (isInternal(to) && !isInside && !from.startsWith("tests/")) {
    return `imports ${to}, which is internal to its folder`;
  }
  if (!rule) return undefined;
  const allowed = scheme ? rule.schemes.includes(scheme) : rule.parts.includes(partOf(to));
  if (!allowed) return `imports ${to}: ${partOf(from)} may not`;
  if (isAbove(to, from)) return `imports ${to}: it is not on a lower level than ${roomOf(from)}`;
  if (isBarrel(to)) {
    // A barrel may pass on the barrel of a folder inside its own.
    const isPassedOn = from !== "mod.ts" && isBarrel(from) && to !== from &&
      folderOf(to).startsWith(folderOf(from));
    return isPassedOn ? undefined : `imports ${to}: import the file that has the name`;
  }
  return undefined;
}

function isBarrel(path: string): boolean {
  return /(^|\/)mod\.ts$/.test(path);
}

/**
 * Whether a file of `transports/` imports from a folder that is neither its own nor on a lower
 * level.
 */
function isAbove(to: string, from: string): boolean {
  const [room, target] = [roomOf(from), roomOf(to)];
  return room !== undefined && target !== undefined && room !== target &&
    levelOf(target) >= levelOf(room);
}

/** The folder of `transports/` that a file is in; `""` for a file of `transports/` itself. */
function roomOf(path: string): string | undefined {
  return path.match(/^transports\/(?:([^/]+)\/)?/)?.slice(1).map((room) => room ?? "")[0];
}

function levelOf(room: string): number {
  return room === "" ? LEVELS.length : LEVELS.findIndex((rooms) => rooms.includes(room));
}

function partOf(path: string): string {
  return path.replace(/\/.*/, "");
}

function folderOf(path: string): string {
  return path.replace(/[^/]*$/, "");
}

function isInternal(path: string): boolean {
  return /(^|\/)_[^/]*\.ts$/.test(path) && !/^[a-z]+:/.test(path);
}

/** Finds, for each file that imports itself over others, the shortest way round. */
function findCycles(imports: Import[]): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of imports) targets.getOrInsert(from, new Set()).add(to);
  const cycles = new Set<string>();
  for (const file of targets.keys()) {
    const cycle = shortestWay(file, file, targets);
    if (cycle) cycles.add(fromLeast(cycle));
  }
  return [...cycles].map((cycle) => `A cycle of imports: ${cycle}`);
}

function shortestWay(
  start: string,
  end: string,
  targets: Map<string, Set<string>>,
): string[] | undefined {
  const seen = new Set<string>();
  let ways = [[start]];
  while (ways.length > 0) {
    const longer: string[][] = [];
    for (const way of ways) {
      for (const next of targets.get(way.at(-1) ?? "") ?? []) {
        if (next === end) return way;
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return undefined;
}

/** Writes a cycle the same way wherever it was entered, so that it is named once. */
function fromLeast(cycle: string[]): string {
  const first = cycle.indexOf([...cycle].sort()[0] ?? "");
  const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
  return [...turned, turned[0]].join(" -> ");
}

if (import.meta.main) {
  const faults = await checkImports(new URL("../", import.meta.url));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
}
