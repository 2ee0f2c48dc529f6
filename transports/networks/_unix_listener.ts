/** The paths that are about to be unlinked, and when that will have happened. */
const closing = new Map<string, Promise<void>>();

/**
 * Listens on a Unix socket. A dead socket file that a killed process left behind is removed
 * first; a live one, and a file of any other kind, stays and makes this fail.
 *
 * @throws {Deno.errors.AddrInUse} If a server listens there, or the path is not a socket.
 */
export async function listenUnix(path: string): Promise<Deno.UnixListener> {
  if (isAbstract(path)) return Deno.listen({ transport: "unix", path });
  await closing.get(path);
  await removeStaleSocket(path);
  const listener = Deno.listen({ transport: "unix", path });
  const ours = look(path);
  const accept = listener.accept.bind(listener);
  const close = listener.close.bind(listener);
  let accepting: Promise<unknown> | null = null;
  listener.accept = () => {
    const accepted = accept();
    accepting = accepted.catch(() => {}).then(() => accepting = null);
    return accepted;
  };
  listener.close = () => {
    const giveBack = keepOther(path, ours);
    close();
    if (accepting === null) return giveBack();
    // The path is unlinked only when the accept that is under way has ended.
    closing.set(path, accepting.then(giveBack).finally(() => closing.delete(path)));
  };
  return listener;
}

/** A leading NUL names Linux' abstract namespace, which has no files. */
function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

/** Removes a socket file that no process listens on; any other file stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = look(path);
  if (found === null) return;
  if (!found.isSocket) {
    throw new Deno.errors.AddrInUse("a file that is not a socket stands there");
  }
  try {
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) return;
    // Between the look and the removal another server may have taken the path.
    if (isSame(look(path), found)) await Deno.remove(path);
  }
}

/**
 * A listener that is closed unlinks its path, even if another file is there by then. That file is kept under
 * a second name, until the returned function gives it back its own.
 */
function keepOther(path: string, ours: Deno.FileInfo | null): () => void {
  const now = look(path);
  if (now === null || isSame(now, ours)) return () => {};
  const kept = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    Deno.linkSync(path, kept);
  } catch {
    // A directory, or a file that may not be touched: it will not be unlinked either.
    return () => {};
  }
  return () => {
    try {
      if (look(path) === null) Deno.linkSync(kept, path);
      Deno.removeSync(kept);
    } catch {
      // The folder was removed meanwhile, and everything in it.
    }
  };
}

/** The file at a path, without following links; `null` if there is none. */
function look(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function isSame(a: Deno.FileInfo | null, b: Deno.FileInfo | null): boolean {
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino;
}
