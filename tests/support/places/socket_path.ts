/** A path for a Unix socket, where no file is yet. */
export async function socketPath(): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "sluice-", suffix: ".sock" });
  // Only its name is wanted: a file that is not a socket would be in the way.
  await Deno.remove(path);
  return path;
}

/** A path for a Unix socket, in a folder of its own. */
export interface TemporarySocket extends AsyncDisposable {
  /** The folder. */
  readonly folder: string;
  /** The path, where no file is yet. */
  readonly path: string;
}

/** Makes a folder for a socket. To dispose of it fails if the socket's file is still there. */
export async function temporarySocket(): Promise<TemporarySocket> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-" });
  return {
    folder,
    path: `${folder}/test.sock`,
    [Symbol.asyncDispose]: () => Deno.remove(folder),
  };
}
