/**
 * Tests that need a program from outside this project.
 *
 * @module
 */

/** Whether a program of that name answers to `arguments`; if not, says so, and in continuous integration throws. */
export function hasProgram(name: string, args: readonly string[]): boolean {
  try {
    const { success } = new Deno.Command(name, { args: [...args], stdout: "null", stderr: "null" })
      .outputSync();
    if (success) return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot test: ${name} is not installed`);
  console.log(`Skipped, for ${name} is not installed: the tests against it`);
  return false;
}
