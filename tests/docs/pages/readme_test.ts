import { assertEquals } from "@std/assert";
import { readFences } from "../read_fences.ts";
import { denoIn, makeUserTree } from "../user_tree.ts";

const page = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));

/** The output that a program announces: the comments after its `console.log`, as one line. */
function announced(code: string): string {
  const comments = [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)];
  return comments.map(([, comment]) => comment).join(" ");
}

for (const { language, code, line } of readFences(page)) {
  if (language !== "ts") continue;
  Deno.test(`README.md: the program at line ${line} prints what it says, with --allow-net alone`, async () => {
    await using tree = await makeUserTree({ "program.ts": code });
    const args = ["run", "--no-prompt", "--allow-net", "program.ts"];
    const { stdout, stderr } = await denoIn(tree, args).output();
    const printed = new TextDecoder().decode(stdout).trim().replaceAll(/\s+/g, " ");
    assertEquals([printed, new TextDecoder().decode(stderr)], [announced(code), ""]);
  });
}
