import { PackageMissingError } from "./packages.ts";

const isCi = Deno.env.get("CI") === "true";

/** A test with a library from npm, and mostly with a server. */
interface EcosystemTest {
  /** The name of the test. */
  readonly name: string;
  /** The program that serves, if it is one of the system. */
  readonly program?: string;
  /** Whether the library leaves timers of its own running. */
  readonly leavesTimers?: boolean;
  /** The test. */
  run(t: Deno.TestContext): Promise<void>;
}

/**
 * Registers a test with a library from npm. Where its program or its library is missing it says so
 * and is skipped; in continuous integration it fails.
 */
export function ecosystemTest({ name, program, leavesTimers, run }: EcosystemTest): void {
  const ignore = program !== undefined && !isCi && !isInstalled(program);
  if (ignore) console.log(`Skipped, for ${program} is not installed: ${name}`);
  Deno.test({
    name,
    ignore,
    sanitizeOps: leavesTimers !== true,
    sanitizeResources: leavesTimers !== true,
    async fn(t): Promise<void> {
      try {
        await run(t);
      } catch (error) {
        if (isCi || !(error instanceof PackageMissingError)) throw error;
        console.log(`Skipped: ${error.message}`);
      }
    },
  });
}

/** Not by running it: some servers start without arguments. */
function isInstalled(program: string): boolean {
  const args = ["-c", 'command -v "$1"', "sh", program];
  return new Deno.Command("sh", { args, stdout: "null", stderr: "null" }).outputSync().success;
}
