/** The outcome of a fixture. */
export interface FixtureRun {
  /** The lines that it printed. */
  readonly lines: readonly string[];
  /** How it ended. */
  readonly status: Deno.CommandStatus;
}

/** Starts a program of this folder with few permissions. */
export function startFixture(
  name: string,
  flags: readonly string[],
  args: readonly string[],
): Deno.ChildProcess {
  const url = new URL(name, import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...flags, url.href, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/** Runs a program of this folder to its end. */
export async function runFixture(
  name: string,
  flags: readonly string[],
  args: readonly string[],
): Promise<FixtureRun> {
  const child = startFixture(name, flags, args);
  const text = await new Response(child.stdout).text();
  return { lines: text.split("\n").filter((line) => line !== ""), status: await child.status };
}
