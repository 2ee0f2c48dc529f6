/** A path for a Unix socket, where no file is yet. */
export async function socketPath(): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "sluice-", suffix: ".sock" });
  // Only its name is wanted: a file that is not a socket would be in the way.
  await Deno.remove(path);
  return path;
}
