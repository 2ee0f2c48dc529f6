import { assert, assertEquals } from "@std/assert";

/** The part of the output of `deno info --json` that is used here. */
interface ModuleGraph {
  roots: string[];
  modules: { specifier: string; dependencies?: Dependency[] }[];
}

interface Dependency {
  isDynamic?: boolean;
  code?: { specifier?: string };
}

const root = new URL("../../", import.meta.url);

/** The modules of a program that imports an entry and calls nothing. */
async function loadedBy(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
  }).output();
  const graph: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set(graph.roots);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of modules.get(specifier)?.dependencies ?? []) {
      if (code?.specifier !== undefined && !isDynamic) loaded.add(code.specifier);
    }
  }
  return [...loaded].map((specifier) => specifier.replace(root.href, "")).sort();
}

/**
 * Modules that only some programs need: they are loaded at the first call, or have an entry of
 * their own.
 */
const LATER = [
  /^node:/,
  /^jsr:|^https?:/,
  /^node\/|^testing\//,
  /^transports\/carriers\/(?!socket_|pipes\/connect_stdio\.ts)/,
  /^transports\/datagrams\//,
  /^transports\/layers\/(capture\/|compression|throttle|proxy\/)/,
  /^transports\/networks\/(epoll\/|_node_)/,
  /^transports\/processes\/child\//,
  /^streams\/(datagrams|processes)\/(?!open_datagrams\.ts|create_subprocess\.ts)/,
  /\/sniff/,
];

Deno.test("the root entry loads nothing that only some programs need", async () => {
  const loaded = await loadedBy("mod.ts");
  assert(loaded.includes("transports/create_connection.ts"), loaded.join("\n"));
  assertEquals(loaded.filter((path) => LATER.some((pattern) => pattern.test(path))), []);
});

Deno.test("the root entry loads at most 176 modules", async () => {
  const loaded = await loadedBy("mod.ts");
  assert(loaded.length <= 176, `${loaded.length} modules`);
});

Deno.test("the root entry uses no class of Web streams while it is loaded, nor process", async () => {
  // Deno loads them at their first use, which costs each program 2 ms and more.
  const script = `
    for (const name of ["ReadableStream", "WritableStream", "TransformStream", "process"]) {
      Object.defineProperty(globalThis, name, { get: () => { throw new Error(name); } });
    }
    await import(${JSON.stringify(new URL("mod.ts", root).href)});
    console.log("loaded");`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: root,
  }).output();
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(stdout), "loaded\n", decoder.decode(stderr));
});
