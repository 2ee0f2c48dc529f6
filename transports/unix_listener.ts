/** What tells one file from another that took its path. */
interface FileIdentity {
  readonly dev: number;
  readonly ino: number | null;
}

/**
 * Listens on a Unix socket. A dead socket file that a killed process left behind is removed
 * first; a live one, and a file of any other kind, stays and makes this fail.
 *
 * @throws {Deno.errors.AddrInUse} If somebody listens there, or the path is not a socket.
 */
export async function listenUnix(path: string): Promise<Deno.UnixListener> {
  if (isAbstract(path)) return Deno.listen({ transport: "unix", path });
  await removeStaleSocket(path);
  const listener = Deno.listen({ transport: "unix", path });
  const identity = identify(path);
  const close = listener.close.bind(listener);
  listener.close = () => closeAndUnlink(path, identity, close);
  return listener;
}

/** A leading NUL names Linux' abstract namespace, which has no files. */
function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

async function removeStaleSocket(path: string): Promise<void> {
  const identity = identify(path);
  if (identity === null) return;
  if (!(await Deno.lstat(path)).isSocket) {
    throw new Deno.errors.AddrInUse("a file that is not a socket stands there");
  }
  try {
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) return;
    // Between the look and the removal somebody else may have taken the path.
    if (isSame(identify(path), identity)) await Deno.remove(path);
  }
}

/**
 * Closes a listener, which unlinks its path whoever's file that is by now. A file that took its place is
 * kept under a second name for that moment.
 */
function closeAndUnlink(path: string, ours: FileIdentity | null, close: () => void): void {
  const now = identify(path);
  if (now === null || isSame(now, ours)) return close();
  const kept = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  Deno.linkSync(path, kept);
  close();
  Deno.renameSync(kept, path);
}

function identify(path: string): FileIdentity | null {
  try {
    const { dev, ino } = Deno.lstatSync(path);
    return { dev, ino };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function isSame(a: FileIdentity | null, b: FileIdentity | null): boolean {
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino;
}
