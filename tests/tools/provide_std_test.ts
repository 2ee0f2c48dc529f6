import { assert, assertEquals, assertRejects } from "@std/assert";

import { provideStd } from "../../tools/provide_std.ts";
import { makeTree } from "./temporary_tree.ts";
import { freePort } from "../support/places/free_port.ts";

const META = "vendor/jsr.io/@std/assert/meta.json";
const STAND_IN = '{ "from": "stand-in" }';

const FILES = {
  "deno.json": JSON.stringify({
    imports: { "@std/assert": "jsr:@std/assert@^1.0.19", "other": "npm:other@1" },
  }),
  "tools/stand_ins/@std/assert/meta.json": STAND_IN,
  "tools/stand_ins/@std/assert/1.0.19/mod.ts": "export {};",
};

/** A registry on loopback that serves one answer, or none for as long as it lives. */
function serve(answer: () => Response | Promise<Response>): AsyncDisposable & { url: URL } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, answer);
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  return { url, [Symbol.asyncDispose]: () => server.shutdown() };
}

function answering(): AsyncDisposable & { url: URL } {
  return serve(() => Response.json({ scope: "std", name: "assert", latest: "1.0.19" }));
}

/** The address of a port without a listener. */
function refusing(): URL {
  return new URL(`http://127.0.0.1:${freePort()}/`);
}

/** A loader that writes what JSR would give, and records how it was called. */
function makeLoader(
  ...outcomes: boolean[]
): { calls: [string[], boolean][]; load: (...args: [URL, string[], boolean]) => Promise<boolean> } {
  const calls: [string[], boolean][] = [];
  const load = async (root: URL, specifiers: string[], cachedOnly: boolean): Promise<boolean> => {
    calls.push([specifiers, cachedOnly]);
    const succeeds = outcomes.shift() ?? false;
    if (!succeeds) return false;
    await Deno.mkdir(new URL(".", new URL(META, root)), { recursive: true });
    await Deno.writeTextFile(new URL(META, root), "real");
    return true;
  };
  return { calls, load };
}

Deno.test("provideStd() loads the packages when the registry answers", async () => {
  await using tree = await makeTree(FILES);
  await using registry = answering();
  const { calls, load } = makeLoader(true);
  const result = await provideStd({ root: tree.root, registry: registry.url, load });
  assertEquals(result, { source: "jsr", changed: true });
  assertEquals(calls, [[["jsr:@std/assert@^1.0.19"], false]]);
});

Deno.test("provideStd() sends no request once the packages are in place", async () => {
  await using tree = await makeTree(FILES);
  await using registry = answering();
  await provideStd({ root: tree.root, registry: registry.url, load: makeLoader(true).load });
  const { calls, load } = makeLoader();
  const result = await provideStd({ root: tree.root, registry: refusing(), load });
  assertEquals(result, { source: "jsr", changed: false });
  assertEquals(calls, []);
});

Deno.test("provideStd() loads again when deno.json asks for other packages", async () => {
  await using tree = await makeTree(FILES);
  await using registry = answering();
  await provideStd({ root: tree.root, registry: registry.url, load: makeLoader(true).load });
  const imports = { "@std/assert": "jsr:@std/assert@^2" };
  await Deno.writeTextFile(new URL("deno.json", tree.root), JSON.stringify({ imports }));
  const { calls, load } = makeLoader(true);
  await provideStd({ root: tree.root, registry: registry.url, load });
  assertEquals(calls, [[["jsr:@std/assert@^2"], false]]);
});

Deno.test("provideStd() puts the stand-ins in place when the registry refuses", async () => {
  await using tree = await makeTree(FILES);
  const { calls, load } = makeLoader(false);
  const result = await provideStd({ root: tree.root, registry: refusing(), load });
  assertEquals(result, { source: "stand-ins", changed: true });
  assertEquals(calls, [[["jsr:@std/assert@^1.0.19"], true]]);
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), STAND_IN);
});

Deno.test("provideStd() prefers packages in Deno's cache to stand-ins", async () => {
  await using tree = await makeTree(FILES);
  const { load } = makeLoader(true);
  const result = await provideStd({ root: tree.root, registry: refusing(), load });
  assertEquals(result, { source: "jsr", changed: true });
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), "real");
});

Deno.test("provideStd() leaves stand-ins that are in place alone", async () => {
  await using tree = await makeTree(FILES);
  const registry = refusing();
  await provideStd({ root: tree.root, registry, load: makeLoader().load });
  const { calls, load } = makeLoader();
  const result = await provideStd({ root: tree.root, registry, load });
  assertEquals(result, { source: "stand-ins", changed: false });
  assertEquals(calls, []);
});

Deno.test("provideStd() replaces stand-ins that have changed in tools/", async () => {
  await using tree = await makeTree(FILES);
  const registry = refusing();
  await provideStd({ root: tree.root, registry, load: makeLoader().load });
  await Deno.writeTextFile(new URL("tools/stand_ins/@std/assert/meta.json", tree.root), "newer");
  const result = await provideStd({ root: tree.root, registry, load: makeLoader().load });
  assertEquals(result, { source: "stand-ins", changed: true });
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), "newer");
});

Deno.test("provideStd() goes back to the packages when the registry answers again", async () => {
  await using tree = await makeTree(FILES);
  await provideStd({ root: tree.root, registry: refusing(), load: makeLoader().load });
  await using registry = answering();
  const result = await provideStd({
    root: tree.root,
    registry: registry.url,
    load: makeLoader(true).load,
  });
  assertEquals(result, { source: "jsr", changed: true });
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), "real");
  const left = await Array.fromAsync(
    Deno.readDir(new URL("vendor/jsr.io/@std/assert/", tree.root)),
  );
  assertEquals(left.map((entry) => entry.name), ["meta.json"]);
});

Deno.test("provideStd() starts over after a run that was cut off", async () => {
  await using tree = await makeTree(FILES);
  await using registry = answering();
  await provideStd({ root: tree.root, registry: refusing(), load: makeLoader().load });
  const cutOff = (): Promise<boolean> => Promise.reject(new Error("cut off"));
  await assertRejects(() => provideStd({ root: tree.root, registry: registry.url, load: cutOff }));
  const { load } = makeLoader();
  const result = await provideStd({ root: tree.root, registry: refusing(), load });
  assertEquals(result, { source: "stand-ins", changed: true });
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), STAND_IN);
});

Deno.test("provideStd() falls back to the stand-ins when the packages do not load", async () => {
  await using tree = await makeTree(FILES);
  await using registry = answering();
  const { load } = makeLoader(false);
  const result = await provideStd({ root: tree.root, registry: registry.url, load });
  assertEquals(result, { source: "stand-ins", changed: true });
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), STAND_IN);
});

Deno.test("provideStd() may run several times at once", async () => {
  await using tree = await makeTree(FILES);
  const registry = refusing();
  const runs = Array.from({ length: 8 }, () => {
    return provideStd({ root: tree.root, registry, load: makeLoader().load });
  });
  for (const { source } of await Promise.all(runs)) assertEquals(source, "stand-ins");
  const left = await Array.fromAsync(Deno.readDir(new URL("vendor/jsr.io/", tree.root)));
  assertEquals(left.map((entry) => entry.name), ["@std"]);
  assertEquals(await Deno.readTextFile(new URL(META, tree.root)), STAND_IN);
});

Deno.test("provideStd() does not accept the page of a captive portal as an answer", async () => {
  await using tree = await makeTree(FILES);
  await using registry = serve(() => new Response("<html>Please log in</html>"));
  const { load } = makeLoader();
  const { source } = await provideStd({ root: tree.root, registry: registry.url, load });
  assertEquals(source, "stand-ins");
});

Deno.test("provideStd() does not wait for a registry that does not answer", async () => {
  await using tree = await makeTree(FILES);
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using registry = serve(() => promise);
  const { source } = await provideStd({
    root: tree.root,
    registry: registry.url,
    probeLimit: 50,
    load: makeLoader().load,
  });
  assertEquals(source, "stand-ins");
  resolve(new Response());
});

Deno.test("provideStd() stands in for each package that this project imports", async () => {
  const root = new URL("../../", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const packages = Object.keys(imports).filter((name) => name.startsWith("@std/"));
  assert(packages.length > 0);
  for (const name of packages) {
    const folder = new URL(`tools/stand_ins/${name}/`, root);
    const { latest } = JSON.parse(await Deno.readTextFile(new URL("meta.json", folder)));
    const meta = JSON.parse(await Deno.readTextFile(new URL(`${latest}_meta.json`, folder)));
    for (const path of Object.values<string>(meta.exports)) {
      const text = await Deno.readTextFile(new URL(path, new URL(`${latest}/`, folder)));
      assert(text.startsWith("// Stand-in for"), `${name} ${path}`);
    }
  }
});
