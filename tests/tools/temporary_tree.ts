/** A folder with given files in a temporary place, removed when it is disposed of. */
export interface TemporaryTree extends AsyncDisposable {
  /** The folder, as a URL that ends with a slash. */
  root: URL;
}

/**
 * Makes a temporary folder.
 *
 * @param files The content of each file by its path
 * @returns The folder
 */
export async function makeTree(files: Record<string, string>): Promise<TemporaryTree> {
  // Deno names modules by the true path, which a temporary folder need not have on every system.
  const path = await Deno.realPath(await Deno.makeTempDir());
  const root = new URL(`file://${path.startsWith("/") ? "" : "/"}${path.replaceAll("\\", "/")}/`);
  for (const [name, text] of Object.entries(files)) {
    const file = new URL(name, root);
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
  return { root, [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }) };
}
