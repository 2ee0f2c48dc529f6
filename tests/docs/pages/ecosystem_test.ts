/**
 * Compares docs/ecosystem.md with the tests of the libraries: their versions and their code.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { VERSIONS } from "../../ecosystem/packages.ts";

const ROOT = new URL("../../../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/ecosystem.md", ROOT));

/** Spaces, line ends and commas at line ends say nothing. */
function toComparable(code: string): string {
  return code.replaceAll("openConnection(options)", "connect()").replace(/\s+/g, "")
    .replace(/,(?=[}\])]|$)/g, "");
}

Deno.test("docs/ecosystem.md names the version of each library that was tried", () => {
  const rows = [...page.matchAll(/^\| `([^`]+)`\s+\| (\d\S*)/gm)]
    .map(([, name, version]) => [name, version]);
  assertEquals(Object.fromEntries(rows), VERSIONS);
});

Deno.test("docs/ecosystem.md shows code that the tests run", async () => {
  let tests = "";
  for await (const { name } of Deno.readDir(new URL("tests/ecosystem/", ROOT))) {
    tests += await Deno.readTextFile(new URL(`tests/ecosystem/${name}`, ROOT));
  }
  const fences = [...page.matchAll(/```ts ignore\n(.*?)```/gs)].map(([, code = ""]) => code);
  assert(fences.length >= 10);
  for (const code of fences) {
    assert(toComparable(tests).includes(toComparable(code)), `No test has:\n${code}`);
  }
});
