/**
 * For the file of a Unix socket that was just bound: removes it, unless another one is there by
 * then. In the abstract namespace of Linux, and for an empty path, there is no file.
 */
export function removerOf(path: string): () => void {
  if (path === "" || path.startsWith("\0")) return () => {};
  const ours = look(path);
  return () => {
    const found = look(path);
    if (found === null || found.ino !== ours?.ino || found.dev !== ours.dev) return;
    try {
      Deno.removeSync(path);
    } catch {
      // It was removed by another, or may not be.
    }
  };
}

function look(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch {
    return null;
  }
}
