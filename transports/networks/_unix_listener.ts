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
  const listener = await overStaleSocket(
    path,
    () => Promise.resolve(Deno.listen({ transport: "unix", path })),
  );
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

/**
 * Listens where a dead socket file may be, which is removed before; any other file stays. Of
 * several servers that want to take the place of one dead file, in this process or in others, one
 * at a time looks, removes and listens.
 */
export async function overStaleSocket<T>(path: string, listen: () => Promise<T>): Promise<T> {
  if (look(path) === null) return await listen();
  const lock = await takeLock(`${path}.lock`);
  try {
    await removeStaleSocket(path);
    return await listen();
  } finally {
    lock?.release();
  }
}

async function removeStaleSocket(path: string): Promise<void> {
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
    if (isSame(look(path), found)) removeIfThere(path);
  }
}

/**
 * A lock between processes; `null` if the permissions do not cover the file. It ends with its
 * process.
 */
async function takeLock(path: string): Promise<{ release(): void } | null> {
  const mayWrite = (["read", "write"] as const).every((name) =>
    Deno.permissions.querySync({ name, path }).state === "granted"
  );
  if (!mayWrite) return null;
  for (;;) {
    const file = await Deno.open(path, { create: true, write: true });
    await file.lock(true);
    // The one that held it before may have removed the file meanwhile.
    if (isSame(look(path), file.statSync())) {
      const release = () => {
        removeIfThere(path);
        file.close();
      };
      return { release };
    }
    file.close();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * A listener that is closed unlinks its path, even if another file is there by then. That file is
 * kept under a second name, until the returned function gives it back its own.
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
