import { assert, assertEquals } from "@std/assert";
import { hasProgram } from "../../support/peers/outside_peer.ts";
import asyncio from "./asyncio_names.json" with { type: "json" };
import { compareNames, readRows } from "./name_tables.ts";
import { readFences } from "../read_fences.ts";
import { denoIn, makeUserTree } from "../user_tree.ts";

const page = await Deno.readTextFile(new URL("../../../docs/from_asyncio.md", import.meta.url));
const rows = readRows(page);

Deno.test("from_asyncio.md has one row for every name of asyncio and for no other", () => {
  assertEquals(compareNames(rows, asyncio.names), []);
});

const fences = readFences(page);
const pairs = fences.flatMap((fence, index) => {
  const next = fences[index + 1];
  return fence.language === "python" && next?.language === "ts" ? [[fence, next] as const] : [];
});

Deno.test("from_asyncio.md has five programs twice", () => {
  assertEquals([fences.length, pairs.length], [10, 5]);
});

async function outputOf(command: Deno.Command): Promise<string> {
  const { success, stdout, stderr } = await command.output();
  // Some versions of asyncio report what they cancel at their end.
  if (!success) throw new Error(`Cannot run program: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const hasPython = hasProgram("python3", ["--version"]);
for (const [theirs, ours] of pairs) {
  Deno.test({
    name: `from_asyncio.md: the programs at lines ${theirs.line} and ${ours.line} print the same`,
    ignore: !hasPython,
    async fn(): Promise<void> {
      await using tree = await makeUserTree({ "theirs.py": theirs.code, "ours.ts": ours.code });
      const [expected, printed] = await Promise.all([
        outputOf(new Deno.Command("python3", { args: ["theirs.py"], cwd: tree.root })),
        outputOf(denoIn(tree, ["run", "--allow-net", "ours.ts"])),
      ]);
      assertEquals(printed, expected);
      assert(printed !== "");
    },
  });
}
