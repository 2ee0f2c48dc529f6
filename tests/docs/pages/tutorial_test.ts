import { assertEquals } from "@std/assert";
import { hasProgram } from "../../support/peers/outside_peer.ts";
import { readFences } from "../read_fences.ts";
import { denoIn, makeUserTree } from "../user_tree.ts";

const page = await Deno.readTextFile(new URL("../../../docs/tutorial.md", import.meta.url));
const fences = readFences(page);
const pairs = fences.flatMap((fence, index) => {
  const next = fences[index + 1];
  return fence.language === "python" && next?.language === "ts" ? [[fence, next] as const] : [];
});

async function outputOf(command: Deno.Command): Promise<string> {
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot run program: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Whether a package of npm can be had: from the cache or from the registry. */
async function hasPackage(specifier: string): Promise<boolean> {
  await using tree = await makeUserTree({});
  if ((await denoIn(tree, ["cache", specifier]).output()).success) return true;
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot test: there is no ${specifier}`);
  console.log(`Skipped, for ${specifier} cannot be had: the program that uses it`);
  return false;
}

Deno.test("tutorial.md has six programs twice", () => {
  assertEquals([fences.length, pairs.length], [12, 6]);
});

const hasPython = hasProgram("python3", ["--version"]);
for (const [theirs, ours] of pairs) {
  const [specifier] = ours.code.match(/npm:[\w@]+/) ?? [];
  Deno.test({
    name: `tutorial.md: the programs at lines ${theirs.line} and ${ours.line} print the same`,
    ignore: !hasPython || specifier !== undefined && !await hasPackage(specifier),
    async fn(): Promise<void> {
      await using tree = await makeUserTree({ "program.ts": ours.code });
      const expected = await outputOf(
        new Deno.Command("python3", { args: ["-c", theirs.code], stdin: "null" }),
      );
      // The others are checked with all examples of the docs.
      const check = specifier === undefined ? "--no-check" : "--check";
      assertEquals(await outputOf(denoIn(tree, ["run", "-A", check, "program.ts"])), expected);
    },
  });
}
