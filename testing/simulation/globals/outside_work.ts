import { currentContext } from "./context.ts";
import { intercepted, type Patch, patch } from "./patches.ts";

/** The functions of Deno that work in another thread. */
const FILE_FUNCTIONS = [
  "chmod",
  "chown",
  "copyFile",
  "link",
  "lstat",
  "makeTempDir",
  "makeTempFile",
  "mkdir",
  "open",
  "readFile",
  "readLink",
  "readTextFile",
  "realPath",
  "remove",
  "rename",
  "stat",
  "symlink",
  "truncate",
  "utime",
  "writeFile",
  "writeTextFile",
] as const;

/** The functions of `crypto.subtle`. */
const CRYPTO_FUNCTIONS = [
  "decrypt",
  "deriveBits",
  "deriveKey",
  "digest",
  "encrypt",
  "exportKey",
  "generateKey",
  "importKey",
  "sign",
  "unwrapKey",
  "verify",
  "wrapKey",
] as const;

/** Stops time while work in another thread is under way: files and `crypto.subtle`. */
export function outsidePatches(): Patch[] {
  return [
    ...FILE_FUNCTIONS.map((name) => patch(Deno, name, outside)),
    ...CRYPTO_FUNCTIONS.map((name) => patch(SubtleCrypto.prototype, name, outside)),
  ];
}

function outside<F>(original: F): F {
  return intercepted(original, (goOn) => {
    const scheduler = currentContext()?.process.scheduler;
    const work = goOn();
    return scheduler === undefined ? work : scheduler.outside(work as Promise<unknown>);
  });
}
