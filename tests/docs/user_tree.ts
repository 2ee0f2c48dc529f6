import { makeTree, type TemporaryTree } from "../tools/temporary_tree.ts";

const ROOT = new URL("../../", import.meta.url);

/**
 * Makes the folder of a program that uses this library: with a `deno.json` by which it can be
 * imported.
 *
 * @param files The content of each file by its path.
 */
export async function makeUserTree(files: Record<string, string>): Promise<TemporaryTree> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const own = Object.entries<string>(config.exports)
    .map(([name, path]) => [`@sluice/net${name.slice(1)}`, new URL(path, ROOT).href]);
  const imports = { ...config.imports, ...Object.fromEntries(own) };
  const tree = await makeTree({
    "deno.json": JSON.stringify({ imports, vendor: true, lock: false }),
    ...files,
  });
  // Where @std comes from without a network.
  await Deno.symlink(new URL("vendor", ROOT), new URL("vendor", tree.root), { type: "junction" });
  return tree;
}

/** A run of Deno in such a folder, with its output piped. */
export function denoIn(tree: TemporaryTree, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: tree.root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}
