import { assertEquals } from "@std/assert";

/**
 * Runs test files in a process of their own, without type check.
 *
 * @param args The files, and further arguments of `deno test`.
 * @param env Further variables of the environment.
 * @returns What the process printed on both streams, and its exit code.
 */
export async function runTests(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly printed: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...args],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const printed = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { code, printed };
}

/** Runs test files as {@linkcode runTests} does, and checks that they pass. */
export async function assertTestsPass(args: readonly string[]): Promise<void> {
  const { code, printed } = await runTests(args);
  assertEquals([code, printed.match(/ \d+ failed/)?.[0]], [0, " 0 failed"], printed);
}
