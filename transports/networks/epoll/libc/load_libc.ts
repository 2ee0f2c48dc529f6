import { openLibc } from "./libc.ts";
import type { Libc } from "./libc.ts";
import { testLibc } from "./test_libc.ts";

/** Where distributions have the C library, by the one that Deno was built for. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  "gnu x86_64": [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
  ],
  "gnu aarch64": [
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/usr/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
  ],
  "musl x86_64": ["/lib/libc.musl-x86_64.so.1", "/lib/ld-musl-x86_64.so.1"],
  "musl aarch64": ["/lib/libc.musl-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"],
};

/** The names that the loader of the system knows, by the library that Deno was built for. */
const NAMES: Readonly<Record<string, string>> = { gnu: "libc.so.6", musl: "libc.so" };

/** The libraries that are open, by what they were asked for with. A file is opened once. */
const open = new Map<string | undefined, Libc>();

/**
 * The C library, opened at the first call and tested.
 *
 * @param path Where it is; by default it is looked for where distributions have it.
 * @throws {TypeError} Where there is none, or this program may not use it.
 */
export function loadLibc(path?: string): Libc {
  const known = open.get(path);
  if (known !== undefined) return known;
  const libc = path === undefined ? findLibc() : tryToOpen(path);
  testLibc(libc);
  open.set(path, libc);
  return libc;
}

/** Whether {@linkcode loadLibc} would ask for no permission. */
export function mayLoadLibc(path?: string): boolean {
  return isSupported() && (path === undefined ? candidates() : [path]).some(isGranted);
}

function isSupported(): boolean {
  return candidates().length > 0;
}

function candidates(): readonly string[] {
  const { os, arch, env = "gnu" } = Deno.build as typeof Deno.build & { env?: string };
  return os === "linux" ? PATHS[`${env} ${arch}`] ?? [] : [];
}

function findLibc(): Libc {
  const paths = candidates();
  if (paths.length === 0) {
    throw new TypeError(
      `Cannot use epollNetwork: it needs Linux on x86-64 or aarch64, and this is ${Deno.build.target}; ` +
        "take nodeNetwork",
    );
  }
  for (const path of paths.filter(isGranted)) {
    try {
      return openLibc(path);
    } catch {
      // It lies elsewhere.
    }
  }
  const { state } = Deno.permissions.requestSync({ name: "ffi" });
  if (state === "granted") return tryToOpen(NAMES[Deno.build.env ?? "gnu"] ?? "libc.so.6");
  throw refused(`--allow-ffi=${paths[0]}`);
}

function tryToOpen(path: string): Libc {
  try {
    return openLibc(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw refused(`--allow-ffi=${path}`, cause);
    throw new TypeError(
      `Cannot use epollNetwork: it needs the C library, and ${path} cannot be opened; give its path to ` +
        "createEpollNetwork({ library }), or take nodeNetwork",
      { cause },
    );
  }
}

function refused(flag: string, cause?: unknown): TypeError {
  return new TypeError(
    `Cannot use epollNetwork: it needs ffi access, run again with ${flag}; nodeNetwork goes without`,
    { cause },
  );
}

function isGranted(path: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
}
