/**
 * A test that needs a POSIX system with its shell and programs: left out, and counted as such, on
 * Windows.
 */
export const posixTest: typeof Deno.test | typeof Deno.test.ignore = Deno.build.os === "windows"
  ? Deno.test.ignore
  : Deno.test;

/** Whether there is a process of that number, be it dead and not waited for. */
export function isThere(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
