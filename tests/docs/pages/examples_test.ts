import { assert, assertEquals } from "@std/assert";
import { readExamples } from "../../../tools/run_example.ts";

const ROOT = new URL("../../../", import.meta.url);
const { name, version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
const ADDRESS = `https://jsr.io/${name}/${version}/examples/`;

/** A command of a page that runs an example from the registry: the flags, and the path. */
async function readCommands(page: string): Promise<[flags: string, path: string][]> {
  const text = await Deno.readTextFile(new URL(page, ROOT));
  const lines = text.matchAll(/^deno run (.*?)(https:\/\/jsr\.io\/\S+)/gm);
  return Array.from(lines, ([, flags = "", address = ""]) => [
    flags.trim(),
    address.startsWith(ADDRESS) ? address.slice(ADDRESS.length) : address,
  ]);
}

/**
 * The flags of an example that is loaded from the registry, where it needs no permission to read
 * what is beside it.
 */
function flagsFromRegistry(flags: readonly string[], source: string): string {
  const readsBesideItself = source.includes("./_certificates.ts");
  return flags.filter((flag) => !(readsBesideItself && flag === "--allow-read")).join(" ");
}

Deno.test("docs/examples.md shows the command for each example, with the flags of its header", async () => {
  const folder = new URL("examples/", ROOT);
  const expected = await Promise.all(
    (await readExamples(folder)).map(async (example) => {
      const path = `${example.name}.ts`;
      const source = await Deno.readTextFile(new URL(path, folder));
      return [flagsFromRegistry(example.flags, source), path];
    }),
  );
  const shown = await readCommands("docs/examples.md");
  const byPath = (a: string[], b: string[]): number => (a[1] ?? "") < (b[1] ?? "") ? -1 : 1;
  assertEquals(shown.toSorted(byPath), expected.toSorted(byPath));
});

Deno.test("every page has examples run in the version that is published", async () => {
  const pages = ["README.md"];
  for await (const entry of Deno.readDir(new URL("docs", ROOT))) {
    if (entry.name.endsWith(".md")) pages.push(`docs/${entry.name}`);
  }
  const known = (await readExamples(new URL("examples/", ROOT))).map((example) => example.name);
  const paths = (await Promise.all(pages.map(readCommands))).flat().map(([, path]) => path);
  assert(paths.length > known.length);
  assertEquals(paths.filter((path) => !known.includes(path.replace(/\.ts$/, ""))), []);
});

Deno.test("docs/examples.md says of each example what its header says", async () => {
  const page = await Deno.readTextFile(new URL("docs/examples.md", ROOT));
  const rows = page.matchAll(/^\| \[([\w/]+)\]\(\S+\) +\| (.*?) +\|$/gm);
  const shown = Array.from(rows, ([, name, summary]) => `${name}: ${summary}.`);
  const known = await readExamples(new URL("examples/", ROOT));
  assertEquals(shown.sort(), known.map(({ name, summary }) => `${name}: ${summary}`).sort());
});
